import { describe, expect, test } from 'vitest';
import type { FakeMachine } from '../../src/host/fake-host.ts';
import { bootToEnd, eventsOf, failureOf, stateOf } from './drive.ts';
import { type Failure, failures, fly } from './failures.ts';
import { goodEnvironment, makeMachine } from './machine.ts';
import { recordUndo } from './undo.ts';

describe('a boot that fails', () => {
  test.each(failures)('at $step because $how ends with $code, undone exactly', async (failure) => {
    const machine = makeMachine(failure.machine);
    const undo = recordUndo(machine);
    failure.breakIt?.(machine);
    const code = await bootToEnd(machine, { ...goodEnvironment, ...failure.env });

    expect(code).toBe(failure.code);
    const event = failureOf(machine);
    expect(event).toMatchObject({ level: 'fatal', step: failure.step, code: failure.code });
    expect(event.message).toMatch(failure.message);
    expect(event.remedy).toMatch(failure.remedy ?? /^$/);
    expect(undo).toEqual(failure.undone);
    expectFailedState(machine, failure);
    expect(machine.files.readIfAny('/run/cloister/ready')).toBeNull();
    expect(eventsOf(machine).some((other) => other.event === 'boot.ready')).toBe(false);
  });

  test.each(failures.filter(({ step }) => !['settings', 'environment', 'firewall'].includes(step)))(
    'at $step because $how leaves the firewall standing',
    async ({ machine: options, env, breakIt }) => {
      const machine = makeMachine(options);
      breakIt?.(machine);
      await bootToEnd(machine, { ...goodEnvironment, ...env });
      const firewalls = machine.commands.filter(({ argv }) => argv[0]?.includes('tables-nft-restore'));
      expect(firewalls.slice(0, 2).map(({ stdin }) => stdin?.includes(':OUTPUT DROP'))).toEqual([true, true]);
      for (const { stdin } of firewalls.slice(2))
        expect(stdin).not.toMatch(/ACCEPT \[|:CLOISTER-(AGENT|OUTPUT|INPUT)/);
      expect(machine.journal.join('\n')).not.toMatch(/tables-\S+ .*(-F|-X|-P|--flush)/);
    },
  );

  test('keeps the lock once it is past the drop of privileges: a second boot must not follow in its steps', async () => {
    const machine = makeMachine();
    machine.prepare(/provision-home$/, new Error('no'));
    await bootToEnd(machine);
    expect([...machine.held]).toEqual(['/run/cloister/boot.lock']);
  });

  test('undoes the rest although one undo fails, and says so', async () => {
    const machine = makeMachine(fly);
    machine.prepare(/umount \/tmp/, new Error('target is busy'));
    machine.prepare(/remount,bind,ro/, new Error('denied'));
    const undo = recordUndo(machine);
    expect(await bootToEnd(machine)).toBe(77);
    expect(undo).toHaveLength(3);
    expect(eventsOf(machine)).toContainEqual(
      expect.objectContaining({ event: 'boot.undo.failed', reason: 'target is busy' }),
    );
  });
});

function expectFailedState(machine: FakeMachine, { step, code }: Failure): void {
  const state = stateOf(machine);
  // With no place in memory there is nowhere to write it; the log says it all.
  if (machine.files.facts('/run/cloister') === null) {
    expect(state).toBeNull();
    return;
  }
  expect(state).toMatchObject({ phase: 'failed', readyAt: null, failure: { step, code } });
  // Of steps side by side one failed, and none goes on.
  const over = state?.steps.filter(({ state }) => state === 'failed' || state === 'running');
  expect(over).toMatchObject([{ name: step, state: 'failed' }]);
}
