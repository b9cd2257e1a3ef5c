import { describe, expect, test } from 'vitest';
import { agentIdentity } from '../../../src/confinement/profile.ts';
import { FakeChild } from '../../../src/host/fake-child.ts';
import { type Answer, FakeMachine } from '../../../src/host/fake-host.ts';
import { notifyOf } from '../../../src/init/notification-of.ts';
import { watchSession } from '../../../src/init/watch-session.ts';
import { type BoxState, type ChildNews, newState } from '../../../src/state/box-state.ts';
import { EventBus } from '../../../src/state/events.ts';

/** What a server says that is process 42. */
const of = (...lines: string[]) => ['42', ...lines, ''].join('\n');
const whole = of('10 %0 agent running 0 0', '11 %1 shell ');

function setUp(answer: Answer) {
  const machine = new FakeMachine();
  const events: string[] = [];
  const news: ChildNews[] = [];
  const ends: number[] = [];
  const start = { bootId: 'x', pid: 1, startTicks: '1', now: 0, uptime: 0 };
  const state: BoxState = { ...newState(start), phase: 'ready', session: { running: true, restarts: 0 } };
  const child = new FakeChild(42, { argv: ['tmux'], env: {}, output: 'ignore' });
  const told: string[] = [];
  const bus = new EventBus();
  bus.on('child', (one) => void news.push(one));
  notifyOf(bus, (word) => told.push(word));
  machine.prepare(/tmux/);
  machine.prepare(/display-message -p #\{pid\}$/, { stdout: '42\n' });
  machine.prepare(/\/usr\/bin\/kill /);
  machine.prepare(/libexec\/cloister\/server/);
  machine.prepare(/list-panes/, answer);
  watchSession({
    host: machine.program(),
    log: { event: (_, event) => void events.push(event), hide: () => {}, redact: (text) => text },
    store: {
      state,
      post: (change) => void Object.assign(state, change),
      events: bus,
    },
    session: { child },
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
  const made = () => machine.commands.filter(({ argv }) => !argv.includes('display-message'));
  return { machine, state, events, news, ends, looks, made, child, told };
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
    await looks(
      whole,
      of('10 %0 agent running 1 137', '11 %1 shell '),
      of('10 %0 agent running 1 137', '11 %1 shell '),
    );
    expect(ends).toHaveLength(1);
    await looks(of('10 %0 agent failed 2 1', '11 %1 shell '));
    expect(ends).toHaveLength(2);
  });

  test('makes a session that is gone, and a pane that is gone', async () => {
    const { machine, looks, events, made } = setUp(
      new Error("tmux exited with 1: can't find session: cloister"),
    );
    await machine.advance(5000);
    await looks(of('10 %0 agent running 0 0'));
    expect(made().map(({ argv }) => argv.find((word) => /^(new-session|split-window)$/.test(word)))).toEqual([
      'new-session',
      'split-window',
    ]);
    expect(events).toEqual(['session.remade', 'session.remade']);
  });

  test('is not taken while the session is down or the box stops', async () => {
    const { machine, state } = setUp({ stdout: whole });
    Object.assign(state, { phase: 'stopping' });
    await machine.advance(20_000);
    expect(machine.commands).toEqual([]);
  });

  test('makes a pane anew whose program is gone, and then takes the old one away', async () => {
    const { looks, made } = setUp({ stdout: whole });
    await looks(of('- %0 agent running 0 0', '11 %1 shell '));
    expect(made().map(({ argv }) => argv.find((word) => /^(split-window|kill-pane)$/.test(word)))).toEqual([
      'split-window',
      'kill-pane',
    ]);
  });

  test('tells of each restart once, and of an agent that stays down', async () => {
    const { looks, news, events } = setUp({ stdout: whole });
    await looks(
      whole,
      of('10 %0 agent running 1 137', '11 %1 shell '),
      of('10 %0 agent running 1 137', '11 %1 shell '),
    );
    expect(news).toEqual([{ child: 'agent', what: 'started', restarts: 1, lastCode: 137, failing: false }]);
    await looks(of('10 %0 agent failed 4 1', '11 %1 shell '), of('10 %0 agent failed 4 1', '11 %1 shell '));
    expect(news.at(-1)).toEqual({ child: 'agent', what: 'failing', restarts: 4, lastCode: 1, failing: true });
    await looks(of('10 %0 agent running 5 1', '11 %1 shell '));
    expect(news.at(-1)).toMatchObject({ what: 'started', restarts: 5, failing: false });
    expect(events).toEqual(['agent.restarted', 'agent.failing', 'agent.restarted']);
  });

  test('goes on counting where a new pane begins from nothing', async () => {
    const { looks, news } = setUp({ stdout: whole });
    await looks(
      of('10 %0 agent running 2 137', '11 %1 shell '),
      of('10 %7 agent running 0 0', '11 %1 shell '),
    );
    expect(news.at(-1)).toMatchObject({ restarts: 3 });
  });
});

/** The steps one after another, each as soon as the one before has had its time. */
async function pass(machine: FakeMachine): Promise<void> {
  for (let second = 0; second < 60; second++) await machine.advance(1000);
}

describe('a server that can’t be entered', () => {
  test.each<[string, Answer, string]>([
    [
      'whose socket is gone',
      new Error('tmux exited with 1: no server running on /x'),
      'its socket leads to no server',
    ],
    [
      'whose socket is a file',
      new Error('tmux exited with 1: error connecting to /x (Connection refused)'),
      'its socket leads to no server',
    ],
    ['that is stopped', new Error('tmux took too long'), 'tmux does not answer'],
    ['whose client never ends', () => new Promise(() => {}), 'no answer in time'],
    [
      'in whose place another answers',
      { stdout: whole.replace('42', '43') },
      'another server answers in its place',
    ],
    ['in whose place something speaks another tongue', { stdout: '' }, 'another server answers in its place'],
    [
      'in whose place something hangs up',
      new Error('tmux exited with 1: server exited unexpectedly'),
      'tmux gives no answer of use',
    ],
  ])('%s is continued, given its socket again, ended: and told of meanwhile', async (_, answer, reason) => {
    const { machine, child, state, told, looks } = setUp(answer);
    await machine.advance(17_000);
    expect(state.unanswered).toEqual({ session: reason });
    await pass(machine);
    expect(child.signals.slice(0, 2)).toEqual(['SIGCONT', 'SIGKILL']);
    const steps = machine.journal.filter((line) => / server |signal|libexec.cloister.server/.test(line));
    expect(steps.indexOf('signal 42 10')).toBeGreaterThan(
      steps.findIndex((line) => line.includes('/usr/local/libexec/cloister/server')),
    );
    expect(told).toEqual(['degraded']);
    await looks(whole, whole, whole, whole);
    expect(state.unanswered).toEqual({});
    expect(told).toEqual(['degraded', 'recovered']);
  });

  test('and comes back after the first step is not ended, and nobody is told', async () => {
    const { machine, child, state, told, looks } = setUp(new Error('tmux took too long'));
    await machine.advance(5000);
    expect(Object.keys(state.unanswered)).toEqual(['session']);
    await looks(whole);
    expect([state.unanswered, child.signals, told]).toEqual([{}, ['SIGCONT'], []]);
  });

  test('is asked who it is before a session is made in it', async () => {
    const { machine, state, made } = setUp(new Error("tmux exited with 1: can't find session: cloister"));
    machine.prepare(/display-message -p #\{pid\}$/, { stdout: '43\n' });
    await machine.advance(5000);
    expect(state.unanswered).toEqual({ session: 'another server answers in its place' });
    expect(made().filter(({ argv }) => argv.includes('new-session'))).toEqual([]);
  });

  test.each([
    'choom was ended by SIGKILL',
    'choom could not start (EAGAIN)',
    'choom exited with 1: setpriv: apply bounding set: no',
  ])('is left alone where it could not be asked: %s', async (message) => {
    const { machine, child, state } = setUp(new Error(`/usr/bin/${message}`));
    await pass(machine);
    expect([child.signals, state.unanswered]).toEqual([[], {}]);
  });
});

describe('the programs of the panes', () => {
  const claude = (machine: FakeMachine, state: string, runs: number) => {
    machine.files.putFolder('/proc/10', { uid: 1000 });
    machine.files.putFolder('/proc/20', { uid: 1000 });
    machine.files.put('/proc/10/stat', '10 (agent) S 1 10 10\n');
    machine.files.put('/proc/10/task/10/children', '20 ');
    machine.files.put('/proc/20/comm', 'claude\n');
    machine.files.put('/proc/20/stat', `20 (cl) ) ${state} 10 10 10\n`);
    machine.files.put(
      '/proc/20/status',
      `voluntary_ctxt_switches:\t${runs}\nnonvoluntary_ctxt_switches:\t1\n`,
    );
  };
  const kills = (machine: FakeMachine) =>
    machine.commands
      .filter(({ argv }) => argv.includes('/usr/bin/kill'))
      .map(({ argv }) => argv.slice(-3).join(' '));

  test('that run are left alone', async () => {
    const { machine, state } = setUp({ stdout: whole });
    let runs = 0;
    machine.watch(() => claude(machine, 'S', runs++));
    await pass(machine);
    expect([kills(machine), state.unanswered]).toEqual([[], {}]);
  });

  test('that are stopped are continued as the agent, and ended where that does not help', async () => {
    const { machine, state, told } = setUp({ stdout: whole });
    claude(machine, 'T', 7);
    await machine.advance(10_000);
    expect(state.unanswered).toEqual({ agent: 'stopped' });
    await pass(machine);
    expect(kills(machine).slice(0, 3)).toEqual(['-CONT -- 20', '-CONT -- 20', '-KILL -- 20']);
    expect(machine.commands.find(({ argv }) => argv.includes('-CONT'))?.argv).toContain('--reuid=1000');
    expect(told).toEqual(['degraded']);
  });

  test('of which Claude has not run are asked to: one that then runs is well', async () => {
    const { machine, state } = setUp({ stdout: whole });
    claude(machine, 'S', 7);
    machine.prepare(/kill -WINCH -- 20$/, () => {
      claude(machine, 'S', 8);
      return {};
    });
    await machine.advance(20_000);
    expect(kills(machine)).toContain('-WINCH -- 20');
    expect(state.unanswered).toEqual({});
  });

  test('of which Claude never runs again are ended', async () => {
    const { machine, state } = setUp({ stdout: whole });
    claude(machine, 'D', 7);
    await pass(machine);
    expect(state.unanswered).toEqual({ agent: 'Claude does not run' });
    expect(kills(machine)).toContain('-KILL -- 20');
  });

  test('are the agent’s alone: an id of another user’s process is not read, and gets no signal', async () => {
    const { machine, state } = setUp({ stdout: whole });
    claude(machine, 'T', 7);
    machine.files.putFolder('/proc/20', { uid: 0 });
    await pass(machine);
    expect([kills(machine), state.unanswered]).toEqual([[], {}]);
  });
});
