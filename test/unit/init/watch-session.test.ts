import { describe, expect, test } from 'vitest';
import { agentIdentity } from '../../../src/confinement/profile.ts';
import { type Answer, FakeMachine } from '../../../src/host/fake-host.ts';
import { watchSession } from '../../../src/init/watch-session.ts';
import { type ChildNews, newState } from '../../../src/state/box-state.ts';

const whole = '%0 agent running 0 0\n%1 shell \n';

function setUp(answer: Answer) {
  const machine = new FakeMachine();
  const events: string[] = [];
  const news: ChildNews[] = [];
  const ends: number[] = [];
  const start = { bootId: 'x', pid: 1, startTicks: '1', now: 0, uptime: 0 };
  const state = { ...newState(start), phase: 'ready' as const, session: { running: true, restarts: 0 } };
  machine.prepare(/tmux/);
  machine.prepare(/list-panes/, answer);
  watchSession({
    host: machine.program(),
    log: { event: (_, event) => void events.push(event), hide: () => {}, redact: (text) => text },
    board: { state, tell: (one) => news.push(one) },
    agent: agentIdentity,
    place: { folder: '/workspace', key: 'k' },
    ended: () => void ends.push(machine.clock.now),
  });
  const looks = async (...said: string[]) => {
    for (const stdout of said) {
      machine.prepare(/list-panes/, { stdout });
      await machine.advance(5000);
    }
  };
  const made = () => machine.commands.filter(({ argv }) => !argv.includes('list-panes'));
  return { machine, state, events, news, ends, looks, made };
}

describe('a look at the session', () => {
  test('runs as the agent, with its whole profile', async () => {
    const { machine } = setUp({ stdout: whole });
    await machine.advance(5000);
    expect(machine.commands[0]?.argv).toEqual(
      expect.arrayContaining(['--reuid=1000', '--bounding-set=-all', '--no-new-privs', '-N']),
    );
  });

  test('of a whole session changes and says nothing', async () => {
    const { looks, events, news, made } = setUp({ stdout: whole });
    await looks(whole, whole);
    expect([events, news, made()]).toEqual([[], [], []]);
  });

  test('says each end of Claude once: what it did is saved then', async () => {
    const { looks, ends } = setUp({ stdout: whole });
    await looks(whole, '%0 agent running 1 137\n%1 shell \n', '%0 agent running 1 137\n%1 shell \n');
    expect(ends).toHaveLength(1);
    await looks('%0 agent failed 2 1\n%1 shell \n');
    expect(ends).toHaveLength(2);
  });

  test('makes a session that is gone, and a pane that is gone', async () => {
    const { machine, looks, events, made } = setUp(
      new Error("tmux exited with 1: can't find session: cloister"),
    );
    await machine.advance(5000);
    await looks('%0 agent running 0 0\n');
    expect(made().map(({ argv }) => argv.find((word) => /^(new-session|split-window)$/.test(word)))).toEqual([
      'new-session',
      'split-window',
    ]);
    expect(events).toEqual(['session.remade', 'session.remade']);
  });

  test('leaves a server alone that says something else, or nothing', async () => {
    const { machine, made } = setUp(new Error('tmux took too long'));
    await machine.advance(20_000);
    expect(made()).toEqual([]);
  });

  test('is not taken while the session is down or the box stops', async () => {
    const { machine, state } = setUp({ stdout: whole });
    Object.assign(state, { phase: 'stopping' });
    await machine.advance(20_000);
    expect(machine.commands).toEqual([]);
  });

  test('tells of each restart once, and of an agent that stays down', async () => {
    const { looks, news, events } = setUp({ stdout: whole });
    await looks(whole, '%0 agent running 1 137\n%1 shell \n', '%0 agent running 1 137\n%1 shell \n');
    expect(news).toEqual([{ child: 'agent', what: 'started', restarts: 1, lastCode: 137, failing: false }]);
    await looks('%0 agent failed 4 1\n%1 shell \n', '%0 agent failed 4 1\n%1 shell \n');
    expect(news.at(-1)).toEqual({ child: 'agent', what: 'failing', restarts: 4, lastCode: 1, failing: true });
    await looks('%0 agent running 5 1\n%1 shell \n');
    expect(news.at(-1)).toMatchObject({ what: 'started', restarts: 5, failing: false });
    expect(events).toEqual(['agent.restarted', 'agent.failing', 'agent.restarted']);
  });

  test('goes on counting where a new pane begins from nothing', async () => {
    const { looks, news } = setUp({ stdout: whole });
    await looks('%0 agent running 2 137\n%1 shell \n', '%7 agent running 0 0\n%1 shell \n');
    expect(news.at(-1)).toMatchObject({ restarts: 3 });
  });
});
