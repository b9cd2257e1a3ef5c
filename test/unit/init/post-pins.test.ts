import { describe, expect, test } from 'vitest';
import { makeLog } from '../../../src/core/log.ts';
import { Paths } from '../../../src/core/paths.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { makePinPoster } from '../../../src/init/post-pins.ts';
import { newState } from '../../../src/state/box-state.ts';
import { StateStore } from '../../../src/state/state-store.ts';

function setUp() {
  const machine = new FakeMachine();
  machine.files.putFolder(Paths.run);
  const lines: string[] = [];
  const log = makeLog({ level: 'info', write: (line) => void lines.push(line) });
  const host = machine.program();
  const store = new StateStore({
    host,
    log,
    state: newState({ bootId: 'b', pid: 1, startTicks: '1', now: 0, uptime: 0 }),
  });
  const hear = makePinPoster({ host, log, store });
  const has = (pins: number, failure: string | null = null) => hear({ pins, pinning: 'set', failure });
  const writes = () => machine.journal.filter((event) => event.startsWith(`write ${Paths.state}`)).length;
  return { machine, store, lines, has, writes };
}

describe('what the kernel has of the pins', () => {
  test('is on the store at once where it is the first', () => {
    const { store, has } = setUp();
    has(1);
    expect(store.state.firewall).toMatchObject({ pins: 1, pinning: 'set', lastFailure: null });
  });

  test('is posted once for a hundred addresses that come together, and no dial waits for it', async () => {
    const { machine, store, has, writes } = setUp();
    has(1);
    for (let pins = 2; pins <= 100; pins++) has(pins);
    expect([store.state.firewall.pins, writes()]).toEqual([1, 1]);
    await machine.advance(100);
    expect([store.state.firewall.pins, writes()]).toEqual([100, 2]);
    has(101);
    await machine.advance(100);
    expect([store.state.firewall.pins, writes()]).toEqual([101, 3]);
    await machine.advance(1000);
    expect(writes()).toBe(3);
  });

  test('is told at once where it failed, and where it is well again', async () => {
    const { machine, store, lines, has } = setUp();
    has(1);
    has(2);
    has(3, 'busy');
    expect(store.state.firewall).toMatchObject({ pins: 3, lastFailure: 'busy' });
    expect(lines.join()).toContain('firewall.failed');
    has(3);
    expect(store.state.firewall.lastFailure).toBeNull();
    await machine.advance(1000);
    expect(store.state.firewall).toMatchObject({ pins: 3, lastFailure: null });
  });
});
