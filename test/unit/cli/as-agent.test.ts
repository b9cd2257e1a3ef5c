import { expect, test } from 'vitest';
import { runAsAgent } from '../../../src/cli/as-agent.ts';
import { confined } from '../../../src/confinement/profile.ts';
import { Paths } from '../../../src/core/paths.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { newState } from '../../../src/state/box-state.ts';

test('a program runs under the agent’s whole profile, on our pipes, and its exit code is ours', async () => {
  const machine = new FakeMachine();
  machine.onStart = (child) => child.exit(3);
  expect(await runAsAgent(machine.program(), ['tar', '-cf', '-', '.'])).toBe(3);
  expect(machine.children[0]?.spec).toMatchObject({
    argv: confined(['tar', '-cf', '-', '.'], { uid: 1000, gid: 1000 }),
    cwd: '/workspace',
    output: 'inherit',
    input: 'inherit',
  });
});

test('it starts where this boot has its workspace, as the user it found', async () => {
  const machine = new FakeMachine();
  const state = newState({ bootId: 'b', pid: 1, startTicks: '1', now: 0, uptime: 0 });
  const agent = { uid: 1234, gid: 1234 };
  machine.files.put(Paths.state, JSON.stringify({ ...state, workspace: '/data/workspace', agent }));
  machine.onStart = (child) => child.exit(0);
  await runAsAgent(machine.program(), ['ls']);
  expect(machine.children[0]?.spec.cwd).toBe('/data/workspace');
  expect(machine.children[0]?.spec.argv).toContain('--reuid=1234');
});

test('no program of the agent’s own folder is taken for one of the image', async () => {
  const machine = new FakeMachine();
  machine.onStart = (child) => child.exit(0);
  await runAsAgent(machine.program(), ['tar']);
  expect(machine.children[0]?.spec.env.PATH).not.toContain('/home');
});

test.each([{ terminal: true }, { anyTerminal: true }])(
  'a terminal is never handed to it: %o',
  async (how) => {
    const machine = new FakeMachine();
    expect(await runAsAgent(machine.program(how), ['sh'])).toBe(77);
    expect([machine.children.length, machine.printedErrors.join('')]).toEqual([
      0,
      expect.stringContaining('without -t'),
    ]);
  },
);

test('without a program it says how it is used', async () => {
  const machine = new FakeMachine();
  expect(await runAsAgent(machine.program(), [])).toBe(78);
});
