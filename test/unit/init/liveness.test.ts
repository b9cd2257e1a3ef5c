import { describe, expect, test } from 'vitest';
import { FakeChild } from '../../../src/host/fake-child.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { endStuck, watchLiveness } from '../../../src/init/liveness.ts';
import { notifyOf } from '../../../src/init/notification-of.ts';
import type { BoxState } from '../../../src/state/box-state.ts';
import { EventBus } from '../../../src/state/events.ts';

type Asked = () => Promise<string | null>;
const silent: Asked = () => new Promise(() => {});

function setUp(ask: Asked) {
  const machine = new FakeMachine();
  const [events, told, steps]: [string[], string[], string[]] = [[], [], []];
  const service = { ask, mayAsk: true };
  const state: Pick<BoxState, 'unanswered'> = { unanswered: {} };
  const step = (name: string, more = {}) => ({
    ...{ name, rest: 1000, take: () => void steps.push(`${name} ${machine.clock.now - start}`) },
    ...more,
  });
  const start = machine.clock.now;
  const bus = new EventBus();
  notifyOf(bus, (word) => told.push(word));
  watchLiveness(
    {
      host: machine.program(),
      log: {
        event: (_, event, fields) =>
          void events.push(`${event} ${fields?.reason ?? ''} ${fields?.step ?? ''}`.trim()),
        hide: () => {},
        redact: (text) => text,
      },
      store: { state, post: (change) => void Object.assign(state, change), events: bus },
    },
    {
      name: 'egress',
      ask: () => service.ask(),
      mayAsk: () => service.mayAsk,
      patience: 3000,
      steps: [step('gentle'), step('end', { ends: true })],
    },
  );
  return { machine, service, state, events, told, steps };
}

describe('a service that is asked whether it lives', () => {
  test('and answers is left alone, and nothing is said', async () => {
    const { machine, state, events, told, steps } = setUp(async () => null);
    await machine.advance(60_000);
    expect([state.unanswered, events, told, steps]).toEqual([{}, [], [], []]);
  });

  test('and gives no answer is taken through its steps, each after its time, and from the first one again', async () => {
    const { machine, steps } = setUp(silent);
    await machine.advance(21_000);
    expect(steps).toEqual(['gentle 8000', 'end 12000', 'gentle 16000', 'end 20000']);
  });

  test('stands on the store with what is wrong until it answers', async () => {
    const { machine, service, state, events } = setUp(async () => 'it is another');
    await machine.advance(5000);
    expect(state.unanswered).toEqual({ egress: 'it is another' });
    service.ask = async () => null;
    await machine.advance(1000);
    expect(state.unanswered).toEqual({});
    expect(events).toEqual(['child.stuck it is another gentle', 'child.answers']);
  });

  test.each<[string, Asked]>([
    ['never', silent],
    ['with a failure', () => Promise.reject(new Error('no'))],
  ])('and answers %s has given none', async (_, ask) => {
    const { machine, state } = setUp(ask);
    await machine.advance(8000);
    expect(state.unanswered).toEqual({ egress: 'no answer in time' });
  });

  test('has the operator told once it was ended, and once it answers after that', async () => {
    const { machine, service, told } = setUp(silent);
    await machine.advance(8000);
    expect(told).toEqual([]);
    await machine.advance(40_000);
    expect(told).toEqual(['degraded']);
    service.ask = async () => null;
    await machine.advance(20_000);
    expect(told).toEqual(['degraded', 'recovered']);
  });

  test('is not asked, and nothing done to it, while it is down', async () => {
    const { machine, service, steps, state } = setUp(silent);
    await machine.advance(6000);
    service.mayAsk = false;
    await machine.advance(60_000);
    expect([steps, state.unanswered]).toEqual([[], {}]);
  });

  test('is asked one question at a time', async () => {
    let [asked, most] = [0, 0];
    const { machine } = setUp(async () => {
      asked += 1;
      most = Math.max(most, asked);
      await new Promise(() => {});
      return null;
    });
    await machine.advance(7999);
    expect(most).toBe(1);
  });
});

describe('the end of what is stuck', () => {
  test('is SIGKILL, and is over when the next one is there', async () => {
    const machine = new FakeMachine();
    const child = () => new FakeChild(7, { argv: [], env: {}, output: 'ignore' });
    const kept = { child: child() };
    const first = kept.child;
    let over = false;
    void endStuck(machine.program(), kept).then(() => {
      over = true;
    });
    await machine.advance(200);
    expect([first.signals, over]).toEqual([['SIGKILL'], false]);
    kept.child = child();
    await machine.advance(100);
    expect(over).toBe(true);
  });

  test('is not waited for for ever: the kernel may hold it', async () => {
    const machine = new FakeMachine();
    const kept = { child: new FakeChild(7, { argv: [], env: {}, output: 'ignore' }) };
    const end = endStuck(machine.program(), kept);
    await machine.advance(5000);
    await end;
  });
});
