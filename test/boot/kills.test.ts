import { expect, test } from 'vitest';
import { CommandError } from '../../src/host/command-error.ts';
import { bootToEnd, bootToReady, failureOf, stateOf } from './drive.ts';
import { goodEnvironment, makeMachine } from './machine.ts';

const killed = (program: string) =>
  new CommandError({ argv: [program] }, { code: 137, stdout: '', stderr: '' }, 'was ended by SIGKILL');

test.each([
  ['what asks for the kernel’s interface', 'firewall', /iptables-nft -w -n -L/],
  ['what builds the firewall', 'firewall', /iptables-nft-restore/],
  ['what asks for Landlock', 'mounts', /landlock-access/],
  ['what asks whether there is work', 'repository', /\/usr\/bin\/test -e/],
] as const)(
  '%s is killed once: that is no answer, and nobody goes on with less',
  async (_, step, program) => {
    const machine = makeMachine();
    let kills = 1;
    machine.prepare(program, () => {
      kills -= 1;
      if (kills === 0) throw killed('/any');
      return {};
    });
    expect(await bootToEnd(machine, { ...goodEnvironment, EGRESS_FALLBACK: 'address' })).toBe(70);
    expect(failureOf(machine)).toMatchObject({
      step,
      message: `step ${step} failed: /any was ended by SIGKILL`,
      remedy: expect.stringContaining('start the box again'),
    });
  },
);

test('a clone that is killed leaves nothing in the place of the work', async () => {
  const machine = makeMachine();
  machine.prepare(/\/usr\/bin\/git clone /, killed('/usr/bin/git'));
  await bootToReady(machine);
  expect(stateOf(machine)?.repository).toBe('failed');
  const lines = machine.commands.map(({ argv }) => argv.join(' '));
  expect(lines.find((line) => line.includes('git clone'))).toMatch(/ \/workspace\/\.repo\.cloning$/);
  expect(lines.some((line) => / \/workspace\/repo$/.test(line) && !line.includes('test -e'))).toBe(false);
});
