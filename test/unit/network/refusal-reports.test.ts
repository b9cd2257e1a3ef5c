import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Report } from '../../../src/network/protocol.ts';
import { makeReports } from '../../../src/network/refusal-reports.ts';
import type { Refusal } from '../../../src/policy/refusal.ts';

const refusal: Refusal = {
  via: 'dns',
  reason: 'name-not-allowed',
  name: 'evil.test',
  address: null,
  port: null,
};

describe('reports', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const setUp = () => {
    const sent: Report[] = [];
    return { sent, reports: makeReports((report) => void sent.push(report), Date.now) };
  };

  test('tell of a refusal before a hook could have started, A and AAAA in one', () => {
    const { sent, reports } = setUp();
    reports.refused(refusal);
    reports.refused(refusal);
    vi.advanceTimersByTime(10);
    expect(sent).toEqual([expect.objectContaining({ refusals: [{ ...refusal, count: 2 }] })]);
  });

  test('tell as quickly of the next', () => {
    const { sent, reports } = setUp();
    for (const name of ['a.test', 'b.test', 'c.test']) {
      reports.refused({ ...refusal, name });
      vi.advanceTimersByTime(20);
    }
    expect(sent).toHaveLength(3);
  });

  test('of a flood come five times a second, and lose no count', () => {
    const { sent, reports } = setUp();
    for (let millisecond = 0; millisecond < 10_000; millisecond += 1) {
      reports.refused({ ...refusal, name: `n${millisecond}.test` });
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(1000);
    expect(sent.length).toBeLessThan(50 + 25);
    const counts = sent.map(({ refusals, more }) => refusals.length + more.refusals);
    expect(counts.reduce((total, count) => total + count, 0)).toBe(10_000);
  });
});
