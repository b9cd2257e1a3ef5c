import { describe, expect, test } from 'vitest';
import type { Log } from '../../../src/core/log.ts';
import type { FakeChild } from '../../../src/host/fake-child.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import type { ChildSpec } from '../../../src/host/host.ts';
import { respawn } from '../../../src/init/respawn.ts';
import type { ChildNews } from '../../../src/state/box-state.ts';

const policy = { pause: 100, longest: 10_000, settled: 60_000, failing: { ends: 4, within: 60_000 } };

function setUp(fails: (spec: ChildSpec) => void = () => {}) {
  const machine = new FakeMachine();
  const pauses: unknown[] = [];
  const log: Log = {
    event: (_, event, fields) => void (event === 'child.ended' && pauses.push(fields?.restartIn)),
    hide: () => {},
    redact: (text) => text,
  };
  const ended: number[] = [];
  const restarts: number[] = [];
  const news: ChildNews[] = [];
  const host = machine.program();
  const kept = respawn({
    host: {
      ...host,
      start: (spec) => {
        fails(spec);
        return host.start(spec);
      },
    },
    log,
    name: 'egress',
    policy,
    spec: { argv: ['/bin/child'], env: {}, output: 'ignore' },
    started: (_, count) => restarts.push(count),
    ended: (code) => ended.push(code),
    tell: (one) => news.push(one),
  });
  const last = () => machine.children.at(-1) as FakeChild;
  return { machine, kept, ended, restarts, pauses, news, last };
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

  test('that ends again and again is started ever later, up to ten seconds, and never given up', async () => {
    const { machine, pauses, last } = setUp();
    for (let round = 0; round < 10; round++) {
      last().exit(1);
      await machine.advance(10_000);
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
    expect(machine.children).toHaveLength(11);
  });

  test('that lived long enough is started again at once', async () => {
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

  test('is told of: started, ended with its code, failing after the fourth end, settled when it lives again', async () => {
    const { machine, news, last } = setUp();
    for (let round = 0; round < 4; round++) {
      last().exit(137);
      await machine.advance(1000);
    }
    await machine.advance(59_000);
    expect(news.at(-1)).toMatchObject({ what: 'started', failing: true });
    await machine.advance(1000);
    expect(news.map(({ what, restarts }) => `${what} ${restarts}`)).toEqual([
      ...['started 0', 'ended 0', 'started 1', 'ended 1', 'started 2', 'ended 2', 'started 3', 'failing 3'],
      ...['started 4', 'settled 4'],
    ]);
    expect(news.at(-1)).toEqual({
      child: 'egress',
      what: 'settled',
      restarts: 4,
      lastCode: 137,
      failing: false,
    });
  });

  test('that lived long enough is started again at once, although the clock was set back meanwhile', async () => {
    const { machine, pauses, last } = setUp();
    for (let round = 0; round < 4; round++) {
      last().exit(1);
      await machine.advance(1000);
    }
    machine.clock.ahead = -86_400_000;
    await machine.advance(60_001);
    last().exit(1);
    await machine.advance(1000);
    expect(pauses.at(-1)).toBe(100);
  });

  test('that ends at once again and again is failing, although the clock is set each time', async () => {
    const { machine, news, last } = setUp();
    for (let round = 0; round < 4; round++) {
      machine.clock.ahead += 86_400_000;
      last().exit(137);
      await machine.advance(1000);
    }
    expect(news.at(-2)).toMatchObject({ what: 'failing' });
  });

  test('that ends seldom is not failing, however often', async () => {
    const { machine, news, last } = setUp();
    for (let round = 0; round < 20; round++) {
      last().exit(1);
      await machine.advance(25_000);
    }
    expect(news.some(({ failing }) => failing)).toBe(false);
  });

  test('that cannot even be started counts as ended, and is tried again', async () => {
    let refusals = 3;
    const { machine, ended } = setUp(() => {
      refusals -= 1;
      if (refusals === 1 || refusals === 0) throw new Error('EAGAIN');
    });
    (machine.children[0] as FakeChild).exit(1);
    await machine.advance(1000);
    expect(ended).toEqual([1, 127, 127]);
    expect(machine.children).toHaveLength(2);
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

  test('that does not obey is killed at once where somebody hurries', async () => {
    const { machine, kept, last } = setUp();
    last().obedient = false;
    let hurry = () => {};
    const stopped = kept.stop(10_000, new Promise<void>((resolve) => (hurry = resolve)));
    await machine.advance(10);
    expect(last().signals).toEqual(['SIGTERM']);
    hurry();
    await machine.advance(0);
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
