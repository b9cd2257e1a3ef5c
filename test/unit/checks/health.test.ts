import Packet from 'dns2/packet';
import { describe, expect, test } from 'vitest';
import { renderHello } from '../../../src/checks/health/ask-proxy.ts';
import { renderQuery } from '../../../src/checks/health/ask-resolver.ts';
import { disksOf } from '../../../src/checks/health/disks.ts';
import { type HealthFacts, judgeHealth } from '../../../src/checks/health/judge-health.ts';
import { agentRuns } from '../../../src/checks/health/look-at-agent.ts';
import { memoryOf } from '../../../src/checks/memory-of.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { parseMounts } from '../../../src/host/proc/mountinfo.ts';
import { HelloReader } from '../../../src/network/proxy/client-hello.ts';
import { type BoxState, newState } from '../../../src/state/box-state.ts';

const start = { bootId: 'x', pid: 1, startTicks: '1', now: 0, uptime: 0 };
const ready: BoxState = { ...newState(start), phase: 'ready', session: { running: true, restarts: 0 } };
const disk = { writable: true, used: 0.1 };
const good: HealthFacts = {
  state: ready,
  alive: true,
  gaps: [],
  resolver: true,
  proxy: true,
  agent: true,
  disks: { '/workspace': disk },
  memory: 0.5,
};

describe('a box', () => {
  test('that works is healthy, with nothing to say', () => {
    expect(judgeHealth(good)).toEqual({ status: 'healthy', reasons: [] });
  });

  test('that boots is starting', () => {
    const booting = { ...ready, phase: 'booting' as const };
    expect(judgeHealth({ ...good, state: booting, gaps: null, resolver: false }).status).toBe('starting');
  });

  test.each<[string, Partial<HealthFacts>, string]>([
    ['no boot', { state: null }, 'no box has booted here'],
    ['no init', { alive: false }, 'init is gone'],
    ['an init that does not answer', { gaps: null }, 'init does not answer'],
    [
      'a firewall with a gap',
      { gaps: ['OUTPUT does not drop by default'] },
      'OUTPUT does not drop by default',
    ],
    ['no resolver', { resolver: false }, 'the resolver does not answer'],
    ['no proxy', { proxy: false }, 'the proxy does not judge what the agent dials'],
    [
      'no session',
      { state: { ...ready, session: { running: false, restarts: 3 } } },
      'the session is not running',
    ],
    ['a stop under way', { state: { ...ready, phase: 'stopping' } }, 'the box is stopping'],
  ])('with %s is unhealthy and says so', (_, change, reason) => {
    expect(judgeHealth({ ...good, ...change })).toEqual({ status: 'unhealthy', reasons: [reason] });
  });

  test.each<[string, Partial<HealthFacts>, RegExp]>([
    [
      'a model’s host that has no address',
      {
        state: {
          ...ready,
          firewall: { ...ready.firewall, modelTroubles: { 'a.example': 'a.example has none' } },
        },
      },
      /^a\.example has none$/,
    ],
    ['a full disk', { disks: { '/tmp': { ...disk, used: 0.97 } } }, /\/tmp is 97 % full/],
    ['a disk that can’t be written', { disks: { '/tmp': { ...disk, writable: false } } }, /not writable/],
    ['little memory left', { memory: 0.93 }, /93 % of the memory/],
    [
      'work that was not saved',
      { state: { ...ready, rescue: { ...ready.rescue, outcome: 'failed' } } },
      /^the work could not be saved: `cloister status` says why$/,
    ],
    [
      'work of which a part could not be saved',
      { state: { ...ready, rescue: { ...ready.rescue, outcome: 'pushed', partial: true } } },
      /^a part of the work could not be saved: `cloister status` says which$/,
    ],
    ['no agent', { agent: false }, /^the agent is not running$/],
    [
      'an agent that stays down',
      {
        agent: false,
        state: { ...ready, children: { agent: { restarts: 5, lastCode: 137, failing: true } } },
      },
      /^the agent is not running: it ended again and again, last with code 137, and stays down/,
    ],
    [
      'a firewall behind',
      { state: { ...ready, firewall: { ...ready.firewall, lastFailure: 'busy' } } },
      /firewall failed: busy/,
    ],
  ])('with %s is degraded and says so', (_, change, reason) => {
    const { status, reasons } = judgeHealth({ ...good, ...change });
    expect([status, reasons.length]).toEqual(['degraded', 1]);
    expect(reasons[0]).toMatch(reason);
  });

  test('that runs its agent once needs no session, and one by address no proxy', () => {
    const once = { ...ready, once: true, session: { running: false, restarts: 0 } };
    expect(judgeHealth({ ...good, state: once }).status).toBe('healthy');
    const byAddress = { ...ready, firewall: { ...ready.firewall, byAddress: true } };
    expect(judgeHealth({ ...good, proxy: false, state: byAddress })).toEqual({
      status: 'degraded',
      reasons: ['egress goes by address: names are not checked'],
    });
  });
});

test('the agent is known by its name and its user', () => {
  const { files } = new FakeMachine();
  files.putFolder('/proc/7', { uid: 0 });
  files.put('/proc/7/comm', 'claude\n');
  expect(agentRuns(files, 1000)).toBe(false);
  files.putFolder('/proc/8', { uid: 1000 });
  files.put('/proc/8/comm', 'claude\n');
  expect(agentRuns(files, 1000)).toBe(true);
  expect(agentRuns(files, 1234)).toBe(false);
});

describe('a disk', () => {
  const agent = { uid: 1000, gid: 1000 };
  const space = { size: 100, used: 10, inodes: 10, inodesUsed: 2 };
  const line = (point: string, own = 'rw', deep = 'rw') =>
    `1 0 0:1 / ${point} ${own} - ext4 /dev/x ${deep}\n`;
  const rooms = line('/workspace') + line('/tmp') + line('/home/claude');
  const look = (
    mounts: string,
    more: { uid?: number; mode?: number; workspace?: string; borrowed?: string[] } = {},
  ) =>
    disksOf(
      {
        space: () => space,
        facts: () => ({ uid: 1000, gid: 1000, mode: 0o755, kind: 'folder', ...more }),
      },
      parseMounts(mounts),
      { agent, workspace: '/workspace', borrowed: [], ...more },
    );

  test('is as full as its bytes or its inodes are', () => {
    expect(look(rooms)['/tmp']).toEqual({ writable: true, used: 0.2 });
  });

  test.each([
    ['its last mount is read-only', rooms + line('/workspace', 'ro,nosuid')],
    ['its file system met a fault', rooms + line('/workspace', 'rw', 'ro,errors=remount-ro')],
  ])('is not writable where %s', (_, mounts) => {
    expect(look(mounts)['/workspace']?.writable).toBe(false);
  });

  test('is not writable to an agent that neither owns it nor may', () => {
    expect(look(rooms, { uid: 0 })['/workspace']?.writable).toBe(false);
    expect(look(rooms, { mode: 0o555 })['/workspace']?.writable).toBe(false);
    expect(look(rooms, { uid: 0 })['/tmp']?.writable).toBe(true);
    expect(look(rooms, { uid: 0, borrowed: ['/workspace'] })['/workspace']?.writable).toBe(true);
  });

  test('is looked at where a volume is, and where the work is', () => {
    expect(Object.keys(look(rooms + line('/home/claude/.claude')))).toContain('/home/claude/.claude');
    expect(Object.keys(look(rooms + line('/data'), { workspace: '/data/workspace' }))).toEqual([
      '/data',
      '/tmp',
      '/home/claude',
    ]);
  });
});

test('the query that asks the resolver is one', () => {
  const packet = Packet.parse(renderQuery('cloister-self-test.invalid'));
  expect(packet.questions).toEqual([
    expect.objectContaining({ name: 'cloister-self-test.invalid', type: 1 }),
  ]);
});

test('the hello that asks the proxy is one: it reads the name in it', () => {
  expect(new HelloReader().push(renderHello('cloister-self-test.invalid'))).toMatchObject({
    kind: 'hello',
    name: 'cloister-self-test.invalid',
  });
});

describe('memory in use', () => {
  const memory = (files: Record<string, string>) =>
    memoryOf({ readIfAny: (path) => files[path.replace('/sys/fs/cgroup/', '')] ?? null });

  test('is counted without cached files that nobody uses', () => {
    const v2 = {
      'memory.max': '1000\n',
      'memory.current': '950\n',
      'memory.stat': 'anon 1\ninactive_file 700\n',
    };
    expect(memory(v2)).toEqual({ limit: 1000, used: 250 });
    const v1 = {
      'memory/memory.limit_in_bytes': '1000\n',
      'memory/memory.usage_in_bytes': '950\n',
      'memory/memory.stat': 'inactive_file 5\ntotal_inactive_file 700\n',
    };
    expect(memory(v1)).toEqual({ limit: 1000, used: 250 });
  });

  test('is not known where no control group says it', () => {
    expect(memory({ 'memory.max': 'max\n' })).toEqual({ limit: null, used: null });
  });
});
