import { describe, expect, test, vi } from 'vitest';
import { agentIdentity, type Identity } from '../../../../src/confinement/profile.ts';
import type { Log } from '../../../../src/core/log.ts';
import { FakeMachine } from '../../../../src/host/fake-host.ts';
import type { Command } from '../../../../src/host/host.ts';
import { openRescuer } from '../../../../src/rescue/init/rescuer.ts';
import type { RestoreReport, SaveOrder, SaveReport } from '../../../../src/rescue/protocol.ts';
import { placeOf } from '../../../../src/rescue/rescue-refs.ts';
import { readSettings } from '../../../../src/settings/read.ts';
import type { Settings } from '../../../../src/settings/settings.ts';
import { type BoxState, newState } from '../../../../src/state/box-state.ts';

const token = 'github_pat_0123456789abcdef';
const refs = { 'refs/cloister/box/x/work': 'a'.repeat(40) };
const saved: SaveReport = {
  kind: 'pushed',
  fingerprint: 'f',
  refs,
  branch: 'main',
  commits: 0,
  files: 1,
  bytes: 1,
  leftOut: [],
  notes: [],
  partial: false,
  refusal: '',
};
const never = new Promise<void>(() => {});

function setUp(
  env: Record<string, string> = {},
  restored: RestoreReport | null = { kind: 'none' },
  agent: Identity = agentIdentity,
) {
  const machine = new FakeMachine();
  const settings = readSettings(
    {
      GH_PAT: token,
      CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-0123456789abcdef',
      REPO_URL: 'https://github.com/a/b',
      ...env,
    },
    () => '',
  ) as Settings;
  const events: Record<string, unknown>[] = [];
  const log: Log = {
    event: (level, event, fields) => void events.push({ level, event, ...fields }),
    hide: () => {},
    redact: (text) => text,
  };
  const world = {
    state: {
      ...newState({ bootId: 'x', pid: 1, startTicks: '1', now: 5000, uptime: 0 }),
      phase: 'ready',
    } as BoxState,
  };
  const store = {
    get state() {
      return world.state;
    },
    post: (change: Partial<BoxState>) => {
      world.state = { ...world.state, ...change };
    },
  };
  const orders: SaveOrder[] = [];
  const answers: { report: SaveReport; wait: Promise<void> } = { report: saved, wait: Promise.resolve() };
  machine.prepare(/cloister\.mjs rescue$/, async ({ stdin = '' }: Command) => {
    orders.push(JSON.parse(stdin) as SaveOrder);
    await answers.wait;
    return { stdout: JSON.stringify(answers.report) };
  });
  machine.prepare(/ls-remote/, { stdout: `${'a'.repeat(40)}\trefs/cloister/box/x/work\n` });
  machine.prepare(/\/usr\/bin\/kill -KILL -- -1$/);
  const bootId = '01234567-89ab-cdef-0123-456789abcdef';
  const rescuer = openRescuer({
    host: machine.program(),
    log,
    store,
    settings,
    agent,
    bootId,
    environment: {},
    restored,
  });
  return { machine, rescuer, events, orders, answers, world };
}

describe('the rescuer', () => {
  test('has the work saved at every interval, as the agent, and no secret in an argument', async () => {
    const { machine, orders } = setUp({ RESCUE_INTERVAL: '1m' });
    await machine.advance(60_000);
    await vi.waitFor(() => expect(orders).toHaveLength(1));
    expect(orders[0]).toMatchObject({
      kind: 'save',
      scope: null,
      last: null,
      most: 100 * 1024 ** 2,
      secrets: expect.arrayContaining([token]),
    });
    expect(machine.commands.every(({ argv }) => argv.includes('--reuid=1000'))).toBe(true);
    expect(machine.commands.map(({ argv }) => argv.join(' ')).join()).not.toMatch(/github_pat|sk-ant/);
  });

  test('says saved only when the remote itself has what was pushed', async () => {
    const { machine, rescuer, events, world } = setUp();
    machine.prepare(/ls-remote/, { stdout: `${'b'.repeat(40)}\trefs/cloister/box/x/work\n` });
    await rescuer.save('interval');
    expect(events).toMatchObject([
      { level: 'error', event: 'rescue.failed', reason: 'the remote does not have refs/cloister/box/x/work' },
    ]);
    expect(world.state.rescue).toMatchObject({ outcome: 'failed', savedAt: null });
    const { env = {}, argv } = machine.commands.at(-1) as Command;
    expect(env).toMatchObject({
      GIT_DIR: '/nonexistent',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      HOME: '/nonexistent',
    });
    expect(argv.slice(-2)).toEqual(['https://github.com/a/b', 'refs/cloister/box/x/work']);
  });

  test('tells the program what was saved last, but not what was not', async () => {
    const { machine, rescuer, orders, world } = setUp();
    await rescuer.save('interval');
    await rescuer.save('interval');
    machine.prepare(/ls-remote/, new Error('gone'));
    await rescuer.save('interval');
    expect(orders.map(({ last }) => last)).toEqual([null, 'f', 'f']);
    expect(world.state.rescue).toMatchObject({ outcome: 'failed', savedAt: machine.clock.now });
  });

  test('knows all it has pushed for its own, also what may not have arrived', async () => {
    const { machine, rescuer, orders, answers } = setUp();
    const push = async (id: string) => {
      answers.report = { ...saved, refs: { 'refs/cloister/box/0a0a0a0a/manifest': id } } as SaveReport;
      await rescuer.save('interval');
    };
    machine.prepare(/ls-remote/, { stdout: '' });
    const [one = '', two = '', three = ''] = ['1', '2', '3'].map((digit) => digit.repeat(40));
    await push(one);
    await push(two);
    await push(three);
    expect(orders.map(({ mine }) => mine)).toEqual([[], [one], [one, two]]);
    expect(orders[1]?.place).toBe('0a0a0a0a');
  });

  test('runs one rescue at a time', async () => {
    const { rescuer, orders, answers } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    answers.wait = promise;
    const first = rescuer.save('interval');
    await rescuer.save('agent ended');
    await vi.waitFor(() => expect(orders).toHaveLength(1));
    resolve();
    await first;
    expect(orders).toHaveLength(1);
  });

  test('at the stop ends what still runs as the agent, then saves', async () => {
    const { machine, rescuer, events, world } = setUp();
    world.state = { ...world.state, phase: 'stopping' };
    await rescuer.save('agent ended');
    await rescuer.stop(never);
    const programs = machine.commands.map(({ argv }) =>
      argv.join(' ').replace(/.* -- (?=\/usr\/(local\/)?bin\/(kill|node|git))/, ''),
    );
    expect(programs).toEqual([
      '/usr/bin/kill -KILL -- -1',
      expect.stringMatching(/cloister\.mjs rescue$/),
      expect.stringContaining('ls-remote'),
    ]);
    expect(events).toMatchObject([{ event: 'rescue.saved', occasion: 'stop' }]);
  });

  test('may have what dies with the box removed at the stop, and at no other time', async () => {
    const { rescuer, orders, world } = setUp();
    await rescuer.save('interval');
    await rescuer.stop(never);
    expect(orders.map(({ ending }) => ending)).toEqual([null, world.state.startedAt]);
  });

  test('has it known that a part could not be saved, until all is', async () => {
    const { rescuer, answers, world } = setUp();
    const parts = [];
    for (const partial of [true, false]) {
      answers.report = { ...saved, partial } as SaveReport;
      await rescuer.save('interval');
      parts.push(world.state.rescue.partial);
    }
    expect(parts).toEqual([true, false]);
  });

  test('takes away what it saved before in another place, once all is saved beside it', async () => {
    const { rescuer, orders, answers } = setUp();
    for (const place of [placeOf(token), `${placeOf(token)}-01234567`]) {
      answers.report = {
        ...saved,
        refs: { [`refs/cloister/box/${place}/manifest`]: '1'.repeat(40) },
      } as SaveReport;
      await rescuer.save('interval');
    }
    await rescuer.save('interval');
    expect(orders.map(({ former }) => former)).toEqual([[], [], [placeOf(token)]]);
  });

  test('has room although the agent has used up its processes, and the end of them all is not counted', async () => {
    const limits = { resources: { nproc: '1000', core: '0' }, groups: [] };
    const { machine, rescuer } = setUp({}, { kind: 'none' }, { ...agentIdentity, limits });
    await rescuer.stop(never);
    const lines = machine.commands.map(({ argv }) => argv.join(' '));
    expect(lines.map((line) => /--nproc=(\d+)/.exec(line)?.[1])).toEqual([undefined, '1048', '1048']);
    expect(lines.every((line) => line.includes('--core=0'))).toBe(true);
  });

  test('at the stop has what runs as the agent, and nobody else, stand still first: it could kill the killer', async () => {
    const { machine, rescuer } = setUp();
    for (const [pid, uid] of Object.entries({ 1: 0, 20: 65053, 300: 1000, 301: 1000 }))
      machine.files.put(`/proc/${pid}/status`, `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`);
    await rescuer.stop(never);
    expect(machine.journal.slice(0, 2)).toEqual(['signal 300 19', 'signal 301 19']);
    expect(machine.journal.filter((event) => event.startsWith('signal'))).toHaveLength(2);
  });

  test('at the stop ends nobody where the first process is not the box’s', async () => {
    const { machine } = setUp();
    machine.files.put('/proc/1/comm', 'systemd\n');
    const { endAgentProcesses } = await import('../../../../src/confinement/end-agents.ts');
    await endAgentProcesses(machine.program({ pid: 4000 }), agentIdentity);
    expect(machine.commands).toEqual([]);
  });

  test('is cut short by a second signal, and says so', async () => {
    const { rescuer, events, answers } = setUp();
    answers.wait = never;
    await rescuer.stop(Promise.resolve());
    expect(events).toMatchObject([
      { event: 'rescue.failed', reason: expect.stringContaining('second signal') },
    ]);
  });

  test.each([{ RESCUE: 'off' }, { REPO_URL: undefined as unknown as string }])(
    'does nothing with %o',
    async (env) => {
      const { machine, rescuer } = setUp(env);
      await machine.advance(3_600_000);
      await rescuer.stop(never);
      expect(machine.commands).toEqual([]);
    },
  );

  test('survives a program that says nothing sensible', async () => {
    const { machine, rescuer, events } = setUp();
    machine.prepare(/cloister\.mjs rescue$/, { stdout: 'noise' });
    await rescuer.save('interval');
    expect(events).toMatchObject([{ level: 'error', event: 'rescue.failed' }]);
  });
});

describe('the place of a rescue', () => {
  const own = placeOf(token);
  test.each([
    ['is the operator’s own', { kind: 'none' } as const, own, []],
    ['on a kept workspace as well', null, own, []],
    [
      'is beside it where the last one could not be restored',
      { kind: 'failed', reason: '' } as const,
      `${own}-01234567`,
      [],
    ],
    [
      'is beside it where what stands there was refused',
      { kind: 'refused', reason: '' } as const,
      `${own}-01234567`,
      [],
    ],
    ['is the one that was restored', restoredFrom(`${own}-0000aaaa`), `${own}-0000aaaa`, []],
    ['moves when the token has changed', restoredFrom('00000000'), own, ['00000000']],
  ])('%s', async (_, restored, place, former) => {
    const { rescuer, orders } = setUp({}, restored);
    await rescuer.save('interval');
    expect(orders[0]).toMatchObject({ place, former });
  });

  function restoredFrom(place: string): RestoreReport {
    return {
      kind: 'restored',
      place,
      manifest: 'm',
      time: 0,
      branch: null,
      files: 0,
      notes: [],
      partial: false,
    };
  }
});
