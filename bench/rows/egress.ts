import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { engine, prefix, withImage } from '../engine.ts';
import { ownProcesses, readMemory } from '../processes.ts';
import { type Rig, raw, withRig } from '../proxy/rig.ts';
import { makeRow, type Row } from '../row.ts';

const alone = `${prefix}-egress`;
const queries = 1_000_000;
const connections = 100_000;
const width = 64;
/** Milliseconds after which a box that is ready counts as idle. */
const settle = 10_000;
/** Milliseconds within which the process gives back on its own what its work needed: it looks every ten seconds. */
const afterwards = 25_000;
const MB = 1024;

interface Weight {
  /** Kilobytes nobody else maps. */
  readonly memory: number;
  readonly descriptors: number;
}

/** Memory and descriptors of the egress process in the box: idle, after all of that, and when it is quiet again. */
export default async function measureEgress(): Promise<Row[]> {
  return withImage({ tag: alone, file: 'bench/memory.Dockerfile' }, () =>
    withRig(
      async (rig) => {
        await sleep(settle);
        const idle = await weigh(rig);
        await burden(rig);
        const busy = await weigh(rig);
        await sleep(afterwards);
        return rowsOf({ idle, busy, quiet: await weigh(rig) });
      },
      { boxImage: alone },
    ),
  );
}

/** The queries, half of them for names nobody repeats; then the connections, every other one reset. */
async function burden(rig: Rig): Promise<void> {
  const dns = { name: raw.name, port: 53 };
  await rig.run('ours', {
    ...{ verb: 'query', target: dns, count: queries, more: width, address: '127.0.0.53' },
  });
  await rig.run('ours', { verb: 'crowd', target: raw, count: connections, more: width });
}

async function weigh(rig: Rig): Promise<Weight> {
  const { own, sharing } = ownProcesses(
    Number(await engine(['inspect', '--format', '{{.State.Pid}}', rig.box])),
  );
  const process = own.find(({ name }) => name === 'egress');
  if (process === undefined) throw new Error('there is no egress process');
  if (sharing > 0) throw new Error(`${sharing} other processes share Node's pages`);
  const [memory] = readMemory([process]);
  return {
    memory: memory?.private ?? Number.NaN,
    descriptors: readdirSync(`/proc/${process.pid}/fd`).length,
  };
}

function rowsOf({ idle, busy, quiet }: Readonly<Record<'idle' | 'busy' | 'quiet', Weight>>): Row[] {
  const row = (name: string, kilobytes: number, more = {}) =>
    makeRow({
      name: `egress process, ${name}`,
      value: Number((kilobytes / MB).toFixed(1)),
      unit: 'MB',
      ...more,
    });
  return [
    row('private memory, idle', idle.memory, { atMost: 24 }),
    row('private memory, more than idle once the work is over', quiet.memory - idle.memory, {
      atMost: 5,
      note: `after ${queries} queries and ${connections} TLS connections: ${(busy.memory / MB).toFixed(1)} MB at their end, ${(quiet.memory / MB).toFixed(1)} MB ${afterwards / 1000} s later`,
    }),
    makeRow({
      name: 'egress process, descriptors more than when idle',
      value: quiet.descriptors - idle.descriptors,
      unit: '',
      atMost: 0,
    }),
  ];
}
