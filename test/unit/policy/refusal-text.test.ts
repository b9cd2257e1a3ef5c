import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../../src/core/duration.ts';
import { type AuditEntry, parseAuditEntries, renderAuditEntry } from '../../../src/policy/audit-entry.ts';
import { type Failure, type Reason, type Refusal, reasonTexts } from '../../../src/policy/refusal.ts';
import { adviceOf, describeFailure, describeRefusal } from '../../../src/policy/refusal-text.ts';

const refusal: Refusal = {
  via: 'dns',
  reason: 'name-not-allowed',
  name: 'evil.test',
  address: null,
  port: null,
};
const line = (sequence: number): AuditEntry => ({
  sequence,
  time: '2027-01-15T08:00:00.000Z',
  kind: 'refused',
  ...refusal,
  rule: 'evil.test',
  count: 1,
  text: describeRefusal(refusal),
});

describe('a refusal in words', () => {
  test.each<[Partial<Refusal>, number, string]>([
    [{}, 1, 'evil.test refused: the name is not on the allowlist'],
    [{}, 3, 'evil.test refused 3 times: the name is not on the allowlist'],
    [
      { via: 'tls', port: 8443, reason: 'port-not-allowed' },
      1,
      'evil.test:8443 refused: the name is allowed, but not on this port',
    ],
    [
      { via: 'firewall', name: null, address: '203.0.113.9', port: 22, reason: 'no-rule' },
      1,
      '203.0.113.9:22 refused: no rule opens this address, port or protocol',
    ],
    [{ name: null, reason: 'not-a-name' }, 1, 'a DNS query refused: it is no host name that DNS could carry'],
  ])('%j %i times', (change, count, text) => {
    expect(describeRefusal({ ...refusal, ...change }, count)).toBe(text);
  });

  test.each(['\x1b]52;c;eA==\x07.test', '\u202egpj.test', '$(reboot).test', 'a b.test', 'A.test', ''])(
    'never shows %j, which is no host name',
    (name) => {
      expect(describeRefusal({ ...refusal, name })).toBe(
        'a DNS query refused: the name is not on the allowlist',
      );
    },
  );

  test('shows an IPv6 address apart from its port, and no address that is none', () => {
    const packet = { ...refusal, via: 'firewall', reason: 'no-rule', name: null, port: 443 } as const;
    expect(describeRefusal({ ...packet, address: '2001:db8::1', protocol: 'udp' })).toMatch(
      /^\[2001:db8::1\]:443\/udp refused:/,
    );
    expect(describeRefusal({ ...packet, address: '\x1b[2J' })).toMatch(/^a packet to port 443 refused:/);
  });

  test('has advice for every reason there is', () => {
    for (const reason of Object.keys(reasonTexts) as Reason[])
      expect(adviceOf(reason)).toMatch(/^[\x20-\x7e]+$/);
    expect(adviceOf('inside-address')).toContain('ALLOW_PRIVATE');
  });

  test('of a failure shows no byte a terminal would act on', () => {
    const failure: Failure = {
      via: 'tls',
      trouble: 'dial-failed',
      name: 'github.com',
      port: 443,
      detail: '\u009b31m\n',
    };
    expect(describeFailure(failure)).toBe('github.com:443 failed: the address could not be reached (?31m?)');
  });
});

describe('the lines of the files', () => {
  const text = [1, 2, 3].map((sequence) => `${JSON.stringify(line(sequence))}\n`).join('');

  test('are read from where one stopped', () => {
    expect(parseAuditEntries(text, 0)).toHaveLength(3);
    expect(parseAuditEntries(text, 2)).toEqual([line(3)]);
    expect(parseAuditEntries(text, 3)).toEqual([]);
  });

  test('broken ones are left out', () => {
    expect(parseAuditEntries(`{"seq\nnull\n7\n${text}{"sequence":"4"}\n{"sequence":5`, 1)).toEqual([
      line(2),
      line(3),
    ]);
  });

  test('say what would help', () => {
    expect(renderAuditEntry(line(1))).toBe(
      '2027-01-15T08:00:00.000Z evil.test refused: the name is not on the allowlist; to allow it: cloister allow evil.test',
    );
    const inside = { ...line(1), reason: 'inside-address' as const, rule: null } as AuditEntry;
    expect(renderAuditEntry(inside)).toContain('ALLOW_PRIVATE');
  });
});

describe('a time', () => {
  test.each([
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['366d', 366 * 86_400_000],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each(['', '5', '0s', '-1h', '1w', '1h30m', '1.5h', ' 1h', '1H', '367d', '999999999d', '1e3s'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});
