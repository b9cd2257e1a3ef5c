import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeNotifier } from '../../../../src/network/outbound/notifier.ts';
import { PostError } from '../../../../src/network/outbound/post.ts';
import { agentWords, kinds } from '../../../../src/policy/notification.ts';
import type { NotifyTarget } from '../../../../src/policy/outbound-target.ts';

const target: NotifyTarget = {
  name: 'notify.example',
  port: 443,
  secure: true,
  path: '/topic',
  format: 'plain',
  authorization: null,
  on: kinds,
  box: 'box',
  repository: null,
  once: false,
};

function setUp(change: Partial<NotifyTarget> = {}) {
  const world = { status: 200 as number | Error, sent: [] as string[], reasons: [] as string[] };
  const notifier = makeNotifier({
    notify: { ...target, ...change },
    post: async (_, { body }) => {
      world.sent.push(String(body).trim());
      if (world.status instanceof Error) throw world.status;
      return world.status;
    },
    now: Date.now,
    troubled: (reason) => world.reasons.push(reason),
  });
  const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
  return { notifier, world, pass };
}

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('the notifier', () => {
  test('tells at once, and the same word again a minute later with its count', async () => {
    const { notifier, world, pass } = setUp();
    notifier.tell('waits', 'agent');
    await pass(0);
    for (let i = 0; i < 3; i += 1) notifier.tell('waits', 'agent');
    await pass(59_000);
    expect(world.sent).toEqual(['box: Claude waits for you']);
    await pass(1000);
    expect(world.sent).toEqual(['box: Claude waits for you', 'box: Claude waits for you, 3 times']);
  });

  test('tells only what was asked for', async () => {
    const { notifier, world, pass } = setUp({ on: ['limit'] });
    notifier.tell('waits', 'agent');
    notifier.tell('limit', 'agent');
    await pass(120_000);
    expect(world.sent).toEqual(['box: Claude has hit a usage limit']);
  });

  test('a flood of the agent comes to one message a minute in the long run, and keeps nothing of the box back', async () => {
    const { notifier, world, pass } = setUp();
    for (let second = 0; second < 3600; second += 1) {
      for (const word of agentWords) for (let i = 0; i < 5; i += 1) notifier.tell(word, 'agent');
      if (second === 1800) notifier.tell('degraded', 'box');
      await pass(1000);
      if (second === 1800)
        expect(world.sent.at(-1)).toBe('box: the box works, but somebody should look at it');
    }
    expect(world.sent.length).toBeGreaterThan(60);
    expect(world.sent.length).toBeLessThanOrEqual(10 + 60 + 1);
  });

  test('tries again, longer and longer, and gives up; only the first failure is reported', async () => {
    const { notifier, world, pass } = setUp();
    world.status = new PostError('unreachable', 'no route');
    notifier.tell('waits', 'agent');
    await pass(1000 + 5000 + 25_000);
    expect(world.sent).toHaveLength(4);
    await pass(600_000);
    expect(world.sent).toHaveLength(5);
    expect(world.reasons).toEqual(['unreachable']);
    world.status = 200;
    notifier.tell('limit', 'agent');
    await pass(0);
    world.status = 500;
    notifier.tell('failed', 'agent');
    await pass(0);
    expect(world.reasons).toEqual(['unreachable', 'status-500']);
  });

  test.each([400, 401, 404, 301])('does not repeat what was answered with %i', async (status) => {
    const { notifier, world, pass } = setUp();
    world.status = status;
    notifier.tell('waits', 'agent');
    await pass(600_000);
    expect(world.sent).toHaveLength(1);
    expect(world.reasons).toEqual([`status-${status}`]);
  });

  test('a stopping box tries at once what waits, what is between two tries, and awaits what is on its way', async () => {
    const { notifier, world, pass } = setUp();
    world.status = 503;
    notifier.tell('waits', 'agent');
    await pass(0);
    notifier.tell('saved', 'box');
    world.status = 200;
    await notifier.flush();
    expect(world.sent).toEqual([
      'box: Claude waits for you',
      'box: Claude waits for you',
      'box: the box has stopped, and its work is saved',
    ]);
  });

  test('what the box has to say last is said, however much the agent has brought it to say before', async () => {
    const { notifier, world, pass } = setUp();
    // A pane that says it fails, a session ended again and again, a disk full and empty: all of it is the agent's doing.
    for (let minute = 0; minute < 30; minute += 1) {
      for (const word of ['session-lost', 'degraded', 'recovered'] as const) notifier.tell(word, 'box');
      await pass(60_000);
    }
    notifier.tell('unsaved', 'box');
    await notifier.flush();
    expect(world.sent.at(-1)).toContain('could not be saved');
  });
});
