import { describe, expect, test } from 'vitest';
import { status } from '../../src/cli/status.ts';
import type { FakeMachine } from '../../src/host/fake-host.ts';
import { bootToReady, stateOf } from './drive.ts';
import { makeMachine, referenceCapabilities } from './machine.ts';

function statusOf(machine: FakeMachine): string {
  machine.printed.length = 0;
  status(machine.program(), { json: false });
  return machine.printed.join('');
}

describe('what the platform gives besides is used, said, and not needed', () => {
  test('Landlock, where the kernel has it, holds everything that init starts', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    expect(statusOf(machine)).toMatch(/^containment seccomp, landlock$/m);
    const started = machine.children.map(({ spec }) => spec.argv.join(' '));
    expect(started.length).toBeGreaterThan(2);
    for (const argv of started) expect(argv).toContain('--landlock-access=fs:');
  });

  test('the programs of the way out may write no folder', async () => {
    const machine = makeMachine();
    machine.files.put('/dev/null', '');
    await bootToReady(machine);
    for (const uid of [65053, 65054]) {
      const { spec } = machine.children.find(({ spec }) => spec.argv.includes(`--reuid=${uid}`)) ?? {};
      const rules = spec?.argv.filter((word) => word.startsWith('--landlock-rule='));
      expect(rules).toEqual(['--landlock-rule=path-beneath:write-file,truncate:/dev/null']);
    }
  });

  test('a kernel without Landlock boots without it', async () => {
    const machine = makeMachine();
    machine.prepare(/landlock-access/, new Error('Function not implemented'));
    await bootToReady(machine);
    expect(stateOf(machine)?.containment).toMatchObject({ landlock: null, hiddenProcesses: false });
    expect(statusOf(machine)).toMatch(/^containment seccomp, no landlock: this kernel has none$/m);
    expect(machine.children.some(({ spec }) => spec.argv.join(' ').includes('landlock'))).toBe(false);
  });

  test.each([
    ['takes', false, true],
    ['does not take', true, false],
  ])('with SYS_ADMIN the remount of /proc %s, and the box is ready', async (_, refused, hidden) => {
    const machine = makeMachine({ capabilities: [...referenceCapabilities, 'SYS_ADMIN'] });
    if (refused) machine.prepare(/hidepid/, new Error('Permission denied'));
    await bootToReady(machine);
    expect(stateOf(machine)?.containment.hiddenProcesses).toBe(hidden);
    expect(statusOf(machine).includes("other users' processes hidden")).toBe(hidden);
  });
});
