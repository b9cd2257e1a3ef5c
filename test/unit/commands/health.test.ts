import { describe, expect, test } from 'vitest';
import { type HealthFacts, judgeHealth } from '../../../src/commands/health/judge.ts';
import { agentRuns, diskAt } from '../../../src/commands/health/look.ts';
import { type BoxState, newState } from '../../../src/core/state.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';

const start = { bootId: 'x', pid: 1, startTicks: '1', now: 0 };
const ready: BoxState = { ...newState(start), phase: 'ready', session: { running: true, restarts: 0 } };
const disk = { writable: true, used: 0.1 };
const good: HealthFacts = {
  state: ready,
  alive: true,
  gaps: [],
  resolver: true,
  guard: true,
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
    ['a wall with a gap', { gaps: ['OUTPUT does not drop by default'] }, 'OUTPUT does not drop by default'],
    ['no resolver', { resolver: false }, 'the resolver does not answer'],
    ['no guard', { guard: false }, 'the guard does not answer'],
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
    ['a full disk', { disks: { '/tmp': { ...disk, used: 0.97 } } }, /\/tmp is 97 % full/],
    ['a disk that can’t be written', { disks: { '/tmp': { ...disk, writable: false } } }, /not writable/],
    ['little memory left', { memory: 0.93 }, /93 % of the memory/],
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

  test('that runs its agent once needs no session, and one by address no guard', () => {
    const once = { ...ready, once: true, session: { running: false, restarts: 0 } };
    expect(judgeHealth({ ...good, state: once }).status).toBe('healthy');
    const byAddress = { ...ready, firewall: { ...ready.firewall, byAddress: true } };
    expect(judgeHealth({ ...good, guard: false, state: byAddress })).toEqual({
      status: 'degraded',
      reasons: ['egress goes by address: names are not checked'],
    });
  });
});

test('the agent is known by its name and its user', () => {
  const { files } = new FakeMachine();
  files.putFolder('/proc/7', { uid: 0 });
  files.put('/proc/7/comm', 'claude\n');
  expect(agentRuns(files)).toBe(false);
  files.putFolder('/proc/8', { uid: 1000 });
  files.put('/proc/8/comm', 'claude\n');
  expect(agentRuns(files)).toBe(true);
});

test('a disk is as full as its bytes or its inodes are, and writable as its last mount is', () => {
  const mounts = '1 0 0:1 / /tmp rw - tmpfs tmpfs rw\n2 0 0:2 / /tmp ro,nosuid - tmpfs tmpfs rw\n';
  const space = { size: 100, used: 10, inodes: 10, inodesUsed: 9 };
  expect(diskAt({ read: () => mounts, space: () => space }, '/tmp')).toEqual({ writable: false, used: 0.9 });
});
