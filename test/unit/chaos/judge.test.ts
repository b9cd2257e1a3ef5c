import { describe, expect, test } from 'vitest';
import {
  isEntered,
  isWhole,
  judgeLook,
  judgeRescue,
  judgeTruth,
  ownTime,
  unnoticed,
} from '../../chaos/judge.ts';
import type { Look, StatusSeen } from '../../chaos/look.ts';

const status: StatusSeen = {
  session: { running: true, restarts: 0 },
  resolver: { running: true },
  unanswered: {},
  children: {},
  rescue: { outcome: 'pushed', said: '' },
};
const whole: Look = {
  at: 0,
  took: 200,
  empty: 60,
  status,
  health: { status: 'healthy', reasons: [] },
  wrong: [],
  failed: null,
};

describe('one look', () => {
  test('says nothing against a box that is well', () => {
    expect(judgeLook([whole, whole])).toEqual([]);
    expect(isWhole(whole)).toBe(true);
  });

  test('takes the machine for what it is just now, and one slow answer for bad luck', () => {
    const slow = { ...whole, took: 2000, empty: 50 };
    expect(ownTime({ ...whole, took: 2000, empty: 500 })).toBe(200);
    expect(ownTime({ ...whole, took: 200, empty: 10 })).toBe(200);
    expect(judgeLook([whole, slow])).toEqual([]);
    expect(judgeLook([slow, slow])).toEqual(['status took 2000 and 2000 ms']);
    expect(judgeLook([slow, { ...slow, empty: 500 }])).toEqual([]);
  });

  test('has an answer of status, or says so', () => {
    expect(judgeLook([{ ...whole, status: null }])).toEqual(['status gave no answer']);
    expect(judgeLook([{ ...whole, failed: 'OCI runtime exec failed' }])).toEqual([
      'nobody got in to look: OCI runtime exec failed',
    ]);
  });

  test('is of a session that can be entered, whatever the egress process does', () => {
    expect(isEntered({ ...whole, wrong: ['egress: stopped'] })).toBe(true);
    expect(isEntered({ ...whole, wrong: ['session: not entered'] })).toBe(false);
    expect(isEntered({ ...whole, wrong: ['agent: no Claude'] })).toBe(false);
    expect(isWhole({ ...whole, wrong: ['egress: stopped'] })).toBe(false);
  });
});

/** Looks, one a second, at a world in which this is wrong. */
function looksAt(wrong: string, last: Partial<Look> = {}): Look[] {
  const looks = Array.from({ length: unnoticed / 1000 + 2 }, (_, at) => ({
    ...whole,
    at: at * 1000,
    wrong: [wrong],
  }));
  return [...looks.slice(0, -1), { ...(looks.at(-1) ?? whole), ...last }];
}

describe('what is said and what is so', () => {
  test('a fault that has long been there is to be told by both', () => {
    expect(judgeTruth(looksAt('session: not entered'))).toEqual([
      'health says nothing of it: session: not entered',
      'status says nothing of it: session: not entered',
    ]);
  });

  test('health alone says that there is no Claude', () => {
    expect(judgeTruth(looksAt('agent: no Claude'))).toEqual(['health says nothing of it: agent: no Claude']);
  });

  test('what is told is no lie', () => {
    const told = {
      health: { status: 'degraded' as const, reasons: ['it'] },
      status: { ...status, unanswered: { egress: 'no answer in time' } },
    };
    expect(judgeTruth(looksAt('egress: stopped', told))).toEqual([]);
  });

  test('what is new, or was well in between, may be unnoticed', () => {
    expect(judgeTruth(looksAt('egress: stopped').slice(2))).toEqual([]);
    const looks = looksAt('egress: stopped');
    expect(judgeTruth(looks.with(9, { ...whole, at: 9000 }))).toEqual([]);
    expect(judgeTruth([])).toEqual([]);
  });
});

test('a rescue is what the remote has', () => {
  const refs = ['refs/heads/main', 'refs/cloister/chaos/x/work'];
  const rescue = (outcome: string | null) => ({ outcome, said: '' });
  expect(judgeRescue(rescue('pushed'), refs, true)).toEqual([]);
  expect(judgeRescue(rescue('pushed'), ['refs/heads/main'], true)).toHaveLength(1);
  expect(judgeRescue(rescue('nothing'), refs, true)).toHaveLength(1);
  expect(judgeRescue(rescue('nothing'), refs, false)).toEqual([]);
  expect(judgeRescue(rescue('failed'), [], true)).toEqual([]);
});
