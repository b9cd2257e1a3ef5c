import { describe, expect, test } from 'vitest';
import { bootToEnd, bootToReady, failureOf } from './drive.ts';
import { goodEnvironment, makeMachine } from './machine.ts';

/** A box at 10.1.0.7 in 10.1.0.0/16. */
function machineAt() {
  const machine = makeMachine();
  machine.files.put('/proc/net/route', 'head\neth0\t0000010A\t00000000\t1\t0\t0\t0\t0000FFFF\t0\t0\t0\n');
  machine.files.put(
    '/proc/net/fib_trie',
    'Main:\n     |-- 10.1.0.7\n        /32 host LOCAL\n     |-- 10.1.255.255\n        /32 link BROADCAST\n',
  );
  return machine;
}

describe('a box whose operator allows private ranges', () => {
  test.each(['10.1.0.7', '10.1.255.255/32', '10.1.0.0/32', '10.1.0.7,10.1.255.255', '::ffff:10.1.0.7'])(
    'ends with 78 where %s is nothing but its own or broadcast',
    async (allowed) => {
      const machine = machineAt();
      expect(await bootToEnd(machine, { ...goodEnvironment, ALLOW_PRIVATE: allowed })).toBe(78);
      expect(failureOf(machine).remedy).toContain('ALLOW_PRIVATE');
    },
  );

  test('has them refused by the firewall before any pin, whatever it allows', async () => {
    const machine = machineAt();
    await bootToReady(machine, { ...goodEnvironment, ALLOW_PRIVATE: '0.0.0.0/0' });
    const firewall = machine.commands.map(({ stdin = '' }) => stdin).join('\n');
    for (const closed of ['169.254.0.0/16', '168.63.129.16/32', '10.1.0.7/32', '10.1.255.255/32'])
      expect(firewall).toContain(`-A CLOISTER-CLOSED -d ${closed} -j CLOISTER-REFUSE`);
    expect(firewall.indexOf('-A CLOISTER-EGRESS -j CLOISTER-CLOSED')).toBeLessThan(
      firewall.indexOf('-A CLOISTER-EGRESS -p tcp -j CLOISTER-PINS'),
    );
  });
});
