import { describe, expect, test } from 'vitest';
import { init } from '../../src/boot/init.ts';
import type { FakeMachine } from '../../src/host/fake-host.ts';
import { readSettings } from '../../src/settings/read.ts';
import { bootToEnd, bootToReady, failureOf, firstHalf, secondHalf, stateOf } from './drive.ts';
import { goodEnvironment, makeMachine } from './machine.ts';

describe('a second boot in the same container', () => {
  test('is refused with 77 while the box is ready, and changes nothing the first one wrote', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    const before = {
      state: machine.files.read('/run/cloister/state.json'),
      commands: machine.commands.length,
    };
    machine.printed.length = 0;
    machine.files.put('/proc/77/stat', '77 (node) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 999 0\n');
    expect(await secondInit(machine)).toBe(77);
    expect(failureOf(machine)).toMatchObject({
      step: 'environment',
      remedy: expect.stringContaining('cloister attach'),
    });
    expect(machine.files.read('/run/cloister/state.json')).toBe(before.state);
    expect(machine.commands).toHaveLength(before.commands);
  });

  test('is refused with 77 while another boot holds the lock', async () => {
    const machine = makeMachine();
    machine.held.add('/run/cloister/boot.lock');
    expect(await bootToEnd(machine)).toBe(77);
    expect(failureOf(machine).step).toBe('environment');
    expect(machine.commands).toEqual([]);
  });

  test('with bad settings leaves the state of the living box alone', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    expect(await secondInit(machine, { LOG_LEVEL: 'loud' })).toBe(78);
    expect(stateOf(machine)).toMatchObject({ phase: 'ready', pid: 1 });
  });

  test('is allowed after a boot that failed or whose process is gone', async () => {
    for (const state of [
      { bootId: 'x', steps: [], pid: 50, startTicks: '1', phase: 'ready' },
      { bootId: 'x', steps: [], pid: 1, startTicks: '4242', phase: 'failed' },
    ]) {
      const machine = makeMachine();
      machine.files.put('/run/cloister/state.json', JSON.stringify(state));
      expect('argv' in (await firstHalf(machine))).toBe(true);
    }
  });

  test('a lock taken between the two halves ends the boot with 77 and is reported', async () => {
    const machine = makeMachine();
    const replacement = await firstHalf(machine);
    if (!('argv' in replacement)) throw new Error('no second half');
    machine.held.add('/run/cloister/boot.lock');
    expect(await secondHalf(machine, replacement)).toBe(77);
    expect(failureOf(machine)).toMatchObject({ step: 'init', code: 77 });
    expect(stateOf(machine)?.phase).toBe('failed');
  });

  async function secondInit(machine: FakeMachine, env: Record<string, string> = {}): Promise<number> {
    const end = await Promise.race([
      firstHalfOf(machine, { ...goodEnvironment, ...env }),
      new Promise<number>((resolve) => void setTimeout(resolve, 3000, -1)),
    ]);
    return end;
  }

  async function firstHalfOf(machine: FakeMachine, env: Record<string, string>): Promise<number> {
    const host = machine.program({ env, pid: 77 });
    return init(host, [], () => readSettings(host.env, host.files.readBounded));
  }
});
