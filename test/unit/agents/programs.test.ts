import { describe, expect, test } from 'vitest';
import { lookAtPrograms, signalCommand } from '../../../src/agents/programs.ts';
import { agentIdentity } from '../../../src/confinement/profile.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { parseProcess, runsOf } from '../../../src/host/proc/process-state.ts';

describe('a process', () => {
  test.each([
    ['7 (claude) T 3 7 7 0\n', { state: 'T', parent: 3 }],
    ['7 (a) S 1 (b) t 3 7 7 0\n', { state: 't', parent: 3 }],
    ['', null],
    ['7 (claude', null],
    [null, null],
  ])('is read from %j', (stat, found) => {
    expect(parseProcess(stat)).toEqual(found);
  });

  test('was given a processor as often as it waited for one and was sent away', () => {
    expect(runsOf('Name:\tx\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n')).toBe(42);
    expect(runsOf(null)).toBe(0);
  });
});

describe('the programs of the panes', () => {
  function setUp(children: string) {
    const { files } = new FakeMachine();
    for (const [pid, name, state] of [
      [10, 'agent', 'S'],
      [11, 'bash', 'T'],
      [20, 'claude', 'S'],
      [30, 'claude', 'T'],
    ] as const) {
      files.putFolder(`/proc/${pid}`, { uid: 1000 });
      files.put(`/proc/${pid}/comm`, `${name}\n`);
      files.put(`/proc/${pid}/stat`, `${pid} (${name}) ${state} 1 1 1\n`);
      files.put(`/proc/${pid}/status`, `voluntary_ctxt_switches:\t${pid}\n`);
    }
    files.put('/proc/10/task/10/children', children);
    return (agent: number | null, shell: number | null, uid = 1000) =>
      lookAtPrograms(files, { pids: { agent, shell } }, uid);
  }

  test('are what the panes run and what Claude’s pane has started, and no other Claude', () => {
    expect(setUp('20 ')(10, 11)).toEqual({ stopped: [11], claude: 20, runs: 20 });
  });

  test('are none where there are no panes, or where they are another user’s', () => {
    expect(setUp('20 ')(null, null)).toEqual({ stopped: [], claude: null, runs: 0 });
    expect(setUp('20 ')(10, 11, 1234)).toEqual({ stopped: [], claude: null, runs: 0 });
  });

  test('are not counted to an end that there may not be', () => {
    const many = Array.from({ length: 1000 }, (_, at) => at + 100).join(' ');
    expect(setUp(`${many} 30`)(10, null).stopped).toEqual([]);
    expect(setUp('20 x 30')(10, null).stopped).toEqual([30]);
  });

  test('get signals from the agent’s user, as numbers and behind every option', () => {
    const { argv } = signalCommand(agentIdentity, 'CONT', [20, 30]);
    expect(argv).toContain('--reuid=1000');
    expect(argv.slice(-5)).toEqual(['/usr/bin/kill', '-CONT', '--', '20', '30']);
  });
});
