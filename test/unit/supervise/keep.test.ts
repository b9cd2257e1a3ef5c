import { describe, expect, test } from 'vitest';
import type { Log } from '../../../src/core/log.ts';
import type { FakeChild } from '../../../src/host/fake-child.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { keep } from '../../../src/supervise/keep.ts';

function setUp() {
  const machine = new FakeMachine();
  const pauses: unknown[] = [];
  const log: Log = {
    event: (_, __, fields) => pauses.push(fields?.restartIn),
    hide: () => {},
    redact: (text) => text,
  };
  const ended: number[] = [];
  const restarts: number[] = [];
  const kept = keep({
    host: machine.program(),
    log,
    name: 'egress',
    spec: { argv: ['/bin/child'], env: {}, output: 'ignore' },
    started: (_, count) => restarts.push(count),
    ended: (code) => ended.push(code),
  });
  const last = () => machine.children.at(-1) as FakeChild;
  return { machine, kept, ended, restarts, pauses, last };
}

describe('a kept child', () => {
  test('is started again after a tenth of a second', async () => {
    const { machine, ended, restarts, last } = setUp();
    last().exit(1);
    await machine.advance(99);
    expect(machine.children).toHaveLength(1);
    await machine.advance(1);
    expect(machine.children).toHaveLength(2);
    expect([ended, restarts]).toEqual([[1], [0, 1]]);
  });

  test('that ends again and again is started ever later, up to ten seconds', async () => {
    const { machine, pauses, last } = setUp();
    for (let round = 0; round < 10; round++) {
      last().exit(1);
      await machine.advance(10_000);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  });

  test('that lived for a minute is started again at once', async () => {
    const { machine, pauses, last } = setUp();
    for (let round = 0; round < 4; round++) {
      last().exit(1);
      await machine.advance(1000);
    }
    await machine.advance(60_001);
    last().exit(1);
    await machine.advance(1000);
    expect(pauses).toEqual([100, 200, 400, 800, 100]);
  });

  test('that is stopped stays stopped', async () => {
    const { machine, kept, last } = setUp();
    await kept.stop(1000);
    await machine.advance(60_000);
    expect(last().signals).toEqual(['SIGTERM']);
    expect(machine.children).toHaveLength(1);
  });

  test('that does not obey is killed after its grace', async () => {
    const { machine, kept, last } = setUp();
    last().obedient = false;
    const stopped = kept.stop(1000);
    await machine.advance(999);
    expect(last().signals).toEqual(['SIGTERM']);
    await machine.advance(1);
    await stopped;
    expect(last().signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  test('that is stopped while it waits for its restart is not started', async () => {
    const { machine, kept, last } = setUp();
    last().exit(1);
    await machine.advance(50);
    await kept.stop(1000);
    await machine.advance(60_000);
    expect(machine.children).toHaveLength(1);
  });
});
