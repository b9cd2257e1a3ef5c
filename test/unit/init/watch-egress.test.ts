import { describe, expect, test } from 'vitest';
import { FakeChild } from '../../../src/host/fake-child.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { watchEgress } from '../../../src/init/watch-egress.ts';
import { newState } from '../../../src/state/box-state.ts';
import { EventBus } from '../../../src/state/events.ts';

/** Each answers until it is told not to; the reader's line comes with the question. */
function setUp() {
  const machine = new FakeMachine();
  const start = { bootId: 'x', pid: 1, startTicks: '1', now: 0, uptime: 0 };
  const state = { ...newState(start), resolver: { running: true, restarts: 0, upstreams: [] } };
  const child = () => new FakeChild(7, { argv: [], env: {}, output: 'ignore' });
  const packetLog = { child: child(), lines: 1, reads: true };
  const egress = {
    child: child(),
    answers: true,
    ask: (): Promise<boolean> => {
      if (!egress.answers) return new Promise(() => {});
      if (packetLog.reads) packetLog.lines += 1;
      return Promise.resolve(true);
    },
  };
  watchEgress(
    {
      host: machine.program(),
      log: { event: () => {}, hide: () => {}, redact: (text) => text },
      store: { state, post: (change) => void Object.assign(state, change), events: new EventBus() },
    },
    { egress, packetLog },
  );
  return { machine, state, egress, packetLog };
}

describe('the way out', () => {
  test('that answers is left alone', async () => {
    const { machine, state, egress, packetLog } = setUp();
    await machine.advance(120_000);
    expect([state.unanswered, egress.child.signals, packetLog.child.signals]).toEqual([{}, [], []]);
  });

  test('has an egress process that does not answer ended within half a minute, and its reader left alone', async () => {
    const { machine, state, egress, packetLog } = setUp();
    egress.answers = false;
    await machine.advance(10_000);
    expect(state.unanswered).toEqual({ egress: 'no answer in time' });
    await machine.advance(20_000);
    expect([egress.child.signals[0], packetLog.child.signals]).toEqual(['SIGKILL', []]);
  });

  test('has a reader that tells nothing ended within half a minute', async () => {
    const { machine, state, egress, packetLog } = setUp();
    packetLog.reads = false;
    await machine.advance(30_000);
    expect(state.unanswered).toEqual({ 'packet-log': 'it does not tell what the firewall refuses' });
    expect([egress.child.signals, packetLog.child.signals[0]]).toEqual([[], 'SIGKILL']);
  });

  test('leaves a reader alone that never told anything: this kernel tells it nothing', async () => {
    const { machine, state, packetLog } = setUp();
    Object.assign(packetLog, { reads: false, lines: 0 });
    await machine.advance(120_000);
    expect([state.unanswered, packetLog.child.signals]).toEqual([{}, []]);
  });

  test('takes the lines that a busy firewall tells for an answer', async () => {
    const { machine, state, packetLog } = setUp();
    packetLog.reads = false;
    machine.program().every(1000, () => {
      packetLog.lines += 1;
    });
    await machine.advance(120_000);
    expect(state.unanswered).toEqual({});
  });
});
