import { describe, expect, test } from 'vitest';
import { parseFromEgress } from '../../../src/network/protocol.ts';

const pin = { kind: 'pin', id: 1, name: 'github.com', port: 443, addresses: ['203.0.113.1'], ttl: 60 };
const refusal = { via: 'dns', reason: 'name-not-allowed', name: 'evil.test', address: null, port: null };
const failure = { via: 'tls', trouble: 'dial-failed', name: 'github.com', port: 443, detail: 'timed out' };
const more = { refusals: 0, failures: 7 };
const report = {
  kind: 'report',
  refusals: [{ ...refusal, count: 2 }],
  failures: [{ ...failure, count: 1 }],
  more,
};

describe('a message of the egress process', () => {
  test.each([
    { kind: 'ready' },
    pin,
    { ...pin, port: null },
    { ...pin, own: true },
    { kind: 'flushed', id: 3 },
    { kind: 'troubled', what: 'notify', reason: 'status-503' },
    { kind: 'troubled', what: 'telemetry', reason: 'untrusted' },
    report,
    { kind: 'resolved', id: 4, name: 'github.com', trouble: null },
    {
      kind: 'resolved',
      id: 4,
      name: 'github.com',
      trouble: { why: 'inside-address', address: '198.18.0.7' },
    },
  ])('$kind is understood', (message) => {
    expect(parseFromEgress(message)).toEqual(message);
  });

  test.each([
    ['nothing', null],
    ['text', 'pin'],
    ['an unknown kind', { kind: 'allow', name: 'evil.test' }],
    ['no kind', {}],
    ['a pin that is somebody’s', { ...pin, own: 'yes' }],
    ['a trouble of something else', { kind: 'troubled', what: 'boot', reason: 'silent' }],
    ['a trouble in words of its own', { kind: 'troubled', what: 'notify', reason: 'see https://x\n' }],
    ['an end of nothing that was asked', { kind: 'flushed' }],
    [
      'a trouble that is none of ours',
      { kind: 'resolved', id: 4, name: 'a.b', trouble: { why: 'x', address: null } },
    ],
    [
      'an address that is none',
      { kind: 'resolved', id: 4, name: 'a.b', trouble: { why: 'no-address', address: 'x' } },
    ],
    ['a name that nobody asked for', { kind: 'resolved', name: 'github.com', trouble: null }],
    ['a pin without addresses', { ...pin, addresses: undefined }],
    ['a pin with an address that is no text', { ...pin, addresses: [{ toString: 'x' }] }],
    [
      'a pin with a flood of addresses',
      { ...pin, addresses: Array.from({ length: 257 }, () => '203.0.113.1') },
    ],
    ['a pin with a negative time', { ...pin, ttl: -1 }],
    ['a pin with a broken time', { ...pin, ttl: Number.NaN }],
    ['a pin with an id that is no number', { ...pin, id: '1' }],
    ['a name of a thousand characters', { ...pin, name: 'a'.repeat(1000) }],
    ['a pin for a port that is no number', { ...pin, port: '443' }],
    ['a report without its lists', { ...report, refusals: undefined }],
    ['a report whose rest is no count', { ...report, more: { refusals: -1, failures: 0 } }],
  ])('that is %s is dropped', (_, message) => {
    expect(parseFromEgress(message)).toBeNull();
  });

  test.each([
    ['a reason that is none', { ...refusal, reason: 'toString', count: 1 }],
    ['a name with an escape sequence', { ...refusal, name: 'a\u001b]52;c;eA==\u0007', count: 1 }],
    ['a name with a command in it', { ...refusal, name: '$(reboot).test', count: 1 }],
    ['an address that is text', { ...refusal, address: 'x; reboot', count: 1 }],
    ['no count', refusal],
  ])('loses a refusal with %s and keeps the rest', (_, hostile) => {
    const refusals = [hostile, { ...refusal, count: 2 }];
    expect(parseFromEgress({ ...report, refusals })).toEqual(report);
  });

  test('has the detail of a failure made printable and short', () => {
    const failures = [{ ...failure, detail: `\u009b31m${'x'.repeat(1000)}`, count: 1 }];
    const parsed = parseFromEgress({ ...report, failures });
    expect(parsed).toMatchObject({ failures: [{ detail: `?31m${'x'.repeat(196)}` }] });
  });
});
