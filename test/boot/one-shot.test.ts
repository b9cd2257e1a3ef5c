import { expect, test } from 'vitest';
import type { FakeMachine } from '../../src/host/fake-host.ts';
import { bootToReady } from './drive.ts';
import { goodEnvironment, makeMachine } from './machine.ts';

const task = ['-p', 'fix the build', '--output-format', 'stream-json'];
const agentOf = (machine: FakeMachine) =>
  machine.children.find(({ spec }) => spec.argv.includes('/usr/local/bin/claude'));

test('the container’s arguments run the agent once, under its profile, in the repository', async () => {
  const machine = makeMachine();
  await bootToReady(machine, goodEnvironment, task);
  const { spec } = agentOf(machine) ?? {};
  expect(spec?.argv).toEqual(expect.arrayContaining(['/usr/bin/setpriv', '--reuid=1000']));
  expect(spec?.argv.slice(-task.length - 1)).toEqual(['--dangerously-skip-permissions', ...task]);
  // It enters the folder itself: root follows no path that the agent may have laid out on a volume.
  expect(spec?.argv).toContain('--chdir=/workspace/repo');
  expect(spec?.cwd).toBe('/');
  expect(JSON.stringify(spec?.env)).not.toMatch(/github_pat|sk-ant/);
});

test('there is no session beside it, and nothing of the log on stdout', async () => {
  const machine = makeMachine();
  await bootToReady(machine, goodEnvironment, task);
  expect(machine.commands.some(({ argv }) => argv.includes('new-session'))).toBe(false);
  expect(machine.printed).toEqual([]);
  expect(machine.printedErrors.join('')).toContain('"boot.ready"');
});

test.each([0, 1, 2, 70, 78, 137, 143, 255])(
  'its exit code %i is the container’s, and the last event says so',
  async (code) => {
    const machine = makeMachine();
    const box = await bootToReady(machine, goodEnvironment, task);
    agentOf(machine)?.exit(code);
    expect(await box.code).toBe(code);
    expect(JSON.parse(machine.printedErrors.at(-1) ?? '')).toMatchObject({
      event: 'box.stopped',
      code,
      whose: 'agent',
    });
  },
);

test('a signal is passed on, and the agent’s answer to it counts', async () => {
  const machine = makeMachine();
  const box = await bootToReady(machine, goodEnvironment, task);
  const agent = agentOf(machine);
  if (agent !== undefined) agent.obedient = false;
  machine.signal('SIGTERM');
  await new Promise((resolve) => void setTimeout(resolve, 20));
  expect(agent?.signals[0]).toBe('SIGTERM');
  agent?.exit(3);
  expect([3, 137]).toContain(await box.code);
});

test('an argument that is called like a command of ours is the agent’s all the same', async () => {
  const machine = makeMachine();
  await bootToReady(machine, goodEnvironment, ['--resume']);
  expect(agentOf(machine)?.spec.argv.at(-1)).toBe('--resume');
});
