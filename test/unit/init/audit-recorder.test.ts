import { describe, expect, test } from 'vitest';
import { selfTestName } from '../../../src/checks/protocol.ts';
import { type Log, makeLog } from '../../../src/core/log.ts';
import { Paths } from '../../../src/core/paths.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { makeRecorder } from '../../../src/init/audit-recorder.ts';
import { parseAuditEntries } from '../../../src/policy/audit-entry.ts';
import { parseRuleSet } from '../../../src/policy/parse-rule-set.ts';
import type { Failure, Refusal } from '../../../src/policy/refusal.ts';
import { findRemedy } from '../../../src/policy/remedy.ts';

const refusal: Refusal = {
  via: 'dns',
  reason: 'name-not-allowed',
  name: 'evil.test',
  address: null,
  port: null,
};
const failure: Failure = {
  via: 'tls',
  trouble: 'dial-failed',
  name: 'github.com',
  port: 443,
  detail: 'timed out',
};

const sets = [parseRuleSet('cdn.example\nother.example', { name: 'browsers', source: 'browsers' }).set];

function setUp() {
  const machine = new FakeMachine();
  const events: Record<string, unknown>[] = [];
  const log: Log = makeLog({ level: 'trace', write: (line) => void events.push(JSON.parse(line)) });
  const totals: { refused: number; failed: number; sets: readonly string[] }[] = [];
  const recorder = makeRecorder({
    host: machine.program(),
    log,
    remedyFor: async (refusal) => findRemedy(refusal, { sets, denied: [] }),
    changed: (both) => totals.push(both),
  });
  const named = (event: string) => events.filter((one) => one.event === event);
  const told = (path: string = Paths.refusalsJson) =>
    parseAuditEntries(machine.files.readIfAny(path) ?? '', 0);
  return { machine, recorder, events, named, totals, told };
}

describe('a refusal', () => {
  test('is told again after ten seconds, although the clock was set back, and with the time it was set to', async () => {
    const { machine, recorder, named, told } = setUp();
    recorder.refused(refusal);
    await machine.advance(1000);
    machine.clock.ahead = -86_400_000;
    recorder.refused(refusal);
    await machine.advance(12_000);
    expect(named('egress.refused')).toHaveLength(2);
    const [first, second] = told().map(({ time }) => Date.parse(time));
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(-86_000_000);
  });

  test('becomes one event, one line for people and one for programs', async () => {
    const { machine, recorder, events, told } = setUp();
    recorder.refused(refusal);
    await machine.advance(0);
    expect(events).toEqual([
      expect.objectContaining({
        level: 'warn',
        event: 'egress.refused',
        ...refusal,
        count: 1,
        rule: 'evil.test',
      }),
    ]);
    expect(told()).toEqual([
      expect.objectContaining({ sequence: 1, kind: 'refused', ...refusal, count: 1, rule: 'evil.test' }),
    ]);
    expect(machine.files.read(Paths.refusals)).toMatch(
      /^20\S+Z evil\.test refused: the name is not on the allowlist; to allow it: cloister allow evil\.test\n$/,
    );
    expect(machine.files.at(Paths.refusals)).toMatchObject({ uid: 0 });
  });

  test('of a host that a set has names the set, until the list changes', async () => {
    const { machine, recorder, named, told, totals } = setUp();
    recorder.refused({ ...refusal, name: 'cdn.example' });
    recorder.refused({ ...refusal, name: 'other.example' });
    recorder.refused(refusal);
    await machine.advance(1500);
    expect(named('egress.refused').map(({ rule, set }) => [rule, set])).toEqual([
      ['cdn.example', 'browsers'],
      ['other.example', 'browsers'],
      ['evil.test', null],
    ]);
    expect(told()[0]).toMatchObject({ rule: 'cdn.example', set: 'browsers' });
    expect(machine.files.read(Paths.refusals).split('\n')[0]).toMatch(
      /; to allow it: cloister allow @browsers \(it alone: cloister allow cdn\.example\)$/,
    );
    expect(totals.at(-1)?.sets).toEqual(['browsers']);
    recorder.listChanged();
    await machine.advance(1500);
    expect(totals.at(-1)).toMatchObject({ refused: 3, sets: [] });
  });

  test('that comes again is counted, and told again after a while', async () => {
    const { machine, recorder, named, told } = setUp();
    for (let time = 0; time < 30; time += 1) recorder.refused(refusal);
    await machine.advance(12_000);
    expect(named('egress.refused').map(({ count }) => count)).toEqual([1, 29]);
    expect(told().map(({ count }) => count)).toEqual([1, 29]);
  });

  test('of the self-test is nobody’s business', async () => {
    const { machine, recorder, events, told, totals } = setUp();
    recorder.refused({ ...refusal, name: selfTestName });
    await machine.advance(12_000);
    expect(events).toEqual([expect.objectContaining({ level: 'debug' })]);
    expect([told(), totals]).toEqual([[], []]);
  });

  test('of the firewall names the user', async () => {
    const { machine, recorder, named, told } = setUp();
    const seen = {
      ...refusal,
      via: 'firewall',
      reason: 'no-rule',
      name: null,
      address: '203.0.113.9',
      port: 22,
    } as const;
    recorder.refused({ ...seen, user: 1000 });
    await machine.advance(0);
    expect(named('egress.refused')).toEqual([expect.objectContaining({ user: 1000, rule: null })]);
    expect(told()).toEqual([
      expect.objectContaining({ user: 1000, text: expect.stringContaining('203.0.113.9:22') }),
    ]);
  });

  test('and a failure are different events, files and totals', async () => {
    const { machine, recorder, named, told, totals } = setUp();
    recorder.report({
      kind: 'report',
      refusals: [{ ...refusal, count: 2 }],
      failures: [{ ...failure, count: 3 }],
      more: { refusals: 5, failures: 7 },
    });
    await machine.advance(1500);
    expect(named('egress.refused')).toHaveLength(1);
    expect(named('egress.failed')).toEqual([expect.objectContaining({ ...failure, count: 3 })]);
    expect(named('egress.refused.more')).toEqual([expect.objectContaining({ count: 5 })]);
    expect(told(Paths.failuresJson).map(({ kind, count }) => [kind, count])).toEqual([
      ['failed', 3],
      ['more', 7],
    ]);
    // Its words come from somebody else's library: they stay in root's log.
    expect(machine.files.read(Paths.failuresJson)).not.toContain('timed out');
    expect(totals.at(-1)).toEqual({ refused: 7, failed: 10, sets: [] });
  });

  test('in a flood costs bounded lines, and every count is told in the end', async () => {
    const { machine, recorder, events, told, totals } = setUp();
    let sent = 0;
    for (let round = 0; round < 500; round += 1) {
      const refusals = Array.from({ length: 50 }, (_, index) => ({
        ...refusal,
        name: `n${round}-${index}.test`,
        count: 1 + (index % 3),
      }));
      recorder.report({ kind: 'report', refusals, failures: [], more: { refusals: 1000, failures: 0 } });
      sent += 1000 + refusals.reduce((total, { count }) => total + count, 0);
      await machine.advance(200);
    }
    await machine.advance(30_000);
    await recorder.flush();
    const total = (list: readonly { count?: unknown }[]) =>
      list.reduce((all, { count }) => all + Number(count), 0);
    expect(total(events)).toBe(sent);
    expect(events.length).toBeLessThan(500 * 0.2 * 21 + 200);
    expect(totals.at(-1)?.refused).toBe(sent);
    expect(machine.files.read(Paths.refusalsJson).length).toBeLessThanOrEqual(256 * 1024);
    const numbers = told().map(({ sequence }) => sequence);
    expect(numbers.length).toBeGreaterThan(100);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  });

  test('is still logged where the files can’t be written', async () => {
    const { machine, recorder, named } = setUp();
    machine.files.write = () => {
      throw new Error('ENOSPC');
    };
    recorder.refused(refusal);
    await machine.advance(0);
    expect(named('egress.refused')).toHaveLength(1);
  });
});
