import { afterEach, describe, expect, test, vi } from 'vitest';
import { bootToReady, failureOf, firstHalf, secondHalf, until } from './drive.ts';
import { goodEnvironment, makeMachine } from './machine.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('the deadline of the boot', () => {
  test('a step that hangs ends it with 70, named, with the variable that would give it more time', async () => {
    const machine = makeMachine();
    const first = await firstHalf(machine, { ...goodEnvironment, BOOT_TIMEOUT: '5' });
    if (!('argv' in first)) throw new Error('no second half');
    let hangs = false;
    machine.prepare(/verify --inside$/, () => {
      hangs = true;
      return new Promise(() => {});
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const code = secondHalf(machine, first);
    await until(machine, () => hangs);
    await vi.advanceTimersByTimeAsync(5001);
    expect(await code).toBe(70);
    expect(failureOf(machine)).toMatchObject({
      step: 'self-test',
      message: 'the boot did not finish in time; it was at step self-test',
      remedy: expect.stringContaining('BOOT_TIMEOUT'),
    });
  });

  test('a slow clone does not count: it has a deadline of its own', async () => {
    const machine = makeMachine();
    machine.prepare(/git clone/, () => {
      machine.clock.now += 10 * 60_000;
      return new Promise((resolve) => void setTimeout(resolve, 50, {}));
    });
    await bootToReady(machine);
    expect(machine.commands.find(({ argv }) => argv.includes('clone'))?.timeout).toBe(15 * 60_000);
  });
});
