import { asRoot, type Fault } from './fault.ts';

/** Ways of test/attacks/fixtures/wear.py, under the agent's whole profile. */
export const pressureFaults: readonly Fault[] = [
  wear('a fork storm', 'fork_bomb', 8),
  wear('memory', 'memory_bomb', 10),
  wear('a hundred busy loops', 'busy_loops', 10),
  wear('descriptors', 'descriptors', 8),
  wear('terminals', 'terminals', 10),
  wear('objects of System V', 'system_v', 8),
  wear('half-open connections', 'half_open', 12, '$allowed'),
  wear('the table of connections', 'connections', 8),
  wear('denied names', 'names', 10),
  wear('refused connections', 'refusals', 10),
];

function wear(name: string, way: string, seconds: number, argument = ''): Fault {
  return {
    kind: 'pressure',
    name,
    stands: [seconds, seconds],
    begin: ({ box, internet }) => {
      const given = argument === '$allowed' ? ` ${internet.allowed}` : '';
      return box.profiled(
        `timeout -s KILL ${seconds + 20} python3 -B /attacks/wear.py ${way} ${seconds}${given} >/dev/null 2>&1`,
      );
    },
    // It ends by itself; what was ended before it could tidy up has left its children.
    end: asRoot('pkill -KILL -u $agent -f [w]ear.py; rm -rf /dev/shm/empty'),
  };
}
