import { describe, expect, test, vi } from 'vitest';
import { chooseVictims, excessOf, listAgentProcesses } from '../../../src/confinement/shortage.ts';
import { FakeFiles } from '../../../src/host/fake-files.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { countHeld, watchResources } from '../../../src/init/resource-watchdog.ts';

const MB = 1024 ** 2;
const agentProcess = (pid: number, name: string, megabytes: number) => ({
  pid,
  name,
  memory: megabytes * MB,
});
const pids = (victims: readonly { pid: number }[]) => victims.map(({ pid }) => pid);

describe('who goes when memory is short', () => {
  const some = [
    agentProcess(10, 'node', 100),
    agentProcess(11, 'cc1plus', 900),
    agentProcess(12, 'claude', 400),
    agentProcess(13, 'ld', 300),
  ];

  test('the largest, and no more than it takes', () => {
    expect(pids(chooseVictims(some, 50 * MB))).toEqual([11]);
    expect(pids(chooseVictims(some, 1000 * MB))).toEqual([11, 13]);
  });

  test('Claude and the tmux server stay as long as they are of a usual size', () => {
    expect(pids(chooseVictims(some, 9000 * MB))).toEqual([11, 13, 10]);
    expect(pids(chooseVictims([agentProcess(9, 'tmux: server', 40)], 9000 * MB))).toEqual([]);
  });

  test('a bomb that calls itself claude goes like any other', () => {
    expect(pids(chooseVictims([...some, agentProcess(66, 'claude', 2000)], 50 * MB))).toEqual([66]);
  });
});

test('processes of that user alone are found, with what they hold', () => {
  const files = new FakeFiles(() => {});
  files.put('/proc/7/status', 'Name:\tpython3\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t    2048 kB\n');
  files.put('/proc/8/status', 'Name:\tnode\nUid:\t65053\t65053\t65053\t65053\nVmRSS:\t    2048 kB\n');
  files.put('/proc/9/status', 'Name:\tgone\nUid:\t1000\t1000\t1000\t1000\n');
  files.put('/proc/meminfo', '');
  expect(listAgentProcesses(files, 1000)).toEqual([
    agentProcess(7, 'python3', 2),
    agentProcess(9, 'gone', 0),
  ]);
});

describe('how much too much is in use', () => {
  const measured = (files: Record<string, string>) =>
    excessOf({ readIfAny: (path) => files[path.slice('/sys/fs/cgroup/'.length)] ?? null }, 1000);

  test('files that the kernel can drop do not count', () => {
    expect(measured({ 'memory.current': '1500\n', 'memory.stat': 'anon 5\ninactive_file 300\n' })).toBe(200);
    expect(
      measured({
        'memory/memory.usage_in_bytes': '1500\n',
        'memory/memory.stat': 'inactive_file 1\ntotal_inactive_file 600\n',
      }),
    ).toBe(-100);
  });

  test('what is free is less than nothing, and nobody’s word is no number', () => {
    expect(measured({ 'memory.current': '400\n' })).toBe(-600);
    expect(measured({})).toBeNull();
  });
});

test('who holds the most terminals comes first', () => {
  expect(countHeld('/proc/12/fd\n/proc/7/fd\n/proc/12/fd\n')).toEqual([
    { pid: 12, held: 2 },
    { pid: 7, held: 1 },
  ]);
});

/** A machine with more terminals than may be, of which a look at the holders finds these. */
function withTerminals(found: (machine: FakeMachine) => string): FakeMachine {
  const machine = new FakeMachine();
  for (let count = 0; count < 300; count++) machine.files.put(`/dev/pts/${count}`, '');
  for (const [pid, uid] of Object.entries({ 1: 0, 20: 65053, 300: 1000 }))
    machine.files.put(`/proc/${pid}/status`, `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`);
  machine.prepare(/\/usr\/bin\/find/, () => ({ stdout: found(machine) }));
  const log = { event: () => {}, hide: () => {}, redact: (text: string) => text };
  watchResources({ host: machine.program(), log, agent: { uid: 1000, gid: 1000 } });
  return machine;
}

test('nobody but the agent’s own is ended as a hoarder, whatever the agent says of who that is', async () => {
  const machine = withTerminals(() => '/proc/1/fd\n/proc/20/fd\n/proc/300/fd\n'.repeat(100));
  await machine.advance(1000);
  await vi.waitFor(() => expect(machine.journal).toContain('signal 300 9'));
  const signals = machine.journal.filter((event) => event.startsWith('signal'));
  expect([...new Set(signals)]).toEqual(['signal 300 9']);
});

test('where the hoarder ended while it was looked for, who is left is not ended in its place', async () => {
  const machine = withTerminals(({ files }) => {
    for (let count = 3; count < 300; count++) files.put(`/dev/pts/${count}`, null);
    return '/proc/300/fd\n'.repeat(3);
  });
  await machine.advance(3000);
  expect(machine.commands).toHaveLength(1);
  expect(machine.journal.filter((event) => event.startsWith('signal'))).toEqual([]);
});
