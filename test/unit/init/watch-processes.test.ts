import { expect, test } from 'vitest';
import type { AgentLimits } from '../../../src/confinement/agent-limits.ts';
import type { Log } from '../../../src/core/log.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { watchProcesses } from '../../../src/init/watch-processes.ts';

function setUp() {
  const machine = new FakeMachine();
  const events: unknown[] = [];
  const sentences: string[] = [];
  const log = { event: (...one: unknown[]) => void events.push(one) } as unknown as Log;
  const limits = { processes: { count: 1000, by: 'user' } } as AgentLimits;
  /** @param all tasks of the container.  @param agent threads of the agent's one process. */
  const have = (all: number, agent: number) => {
    machine.files.put('/sys/fs/cgroup/pids.current', `${all}\n`);
    machine.files.put('/proc/7/status', `Name:\tpython3\nUid:\t1000\t1000\t1000\t1000\nThreads:\t${agent}\n`);
    machine.files.put('/proc/8/status', 'Name:\tnode\nUid:\t0\t0\t0\t0\nThreads:\t900\n');
  };
  have(100, 50);
  watchProcesses({
    host: machine.program(),
    log,
    agent: { uid: 1000, limits },
    limited: (text) => sentences.push(text),
  });
  return { machine, events, sentences, have };
}

test('an agent with as many processes and threads as it may have is told so, and its operator, once in a while', async () => {
  const { machine, events, sentences, have } = setUp();
  have(1100, 990);
  await machine.advance(2000);
  expect(events).toEqual([['warn', 'agent.processes', { count: 990, most: 1000 }]]);
  expect(sentences).toEqual([expect.stringContaining('its bound of 1000 processes and threads')]);
  await machine.advance(31_000);
  expect(sentences).toHaveLength(2);
});

test('a container that is busy with others’ tasks is no news', async () => {
  const { machine, sentences, have } = setUp();
  have(1100, 200);
  await machine.advance(2000);
  expect(sentences).toEqual([]);
});
