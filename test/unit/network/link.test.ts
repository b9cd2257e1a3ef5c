import { describe, expect, test } from 'vitest';
import { parseFromEgress } from '../../../src/network/link.ts';

const pin = { kind: 'pin', id: 1, name: 'github.com', addresses: ['203.0.113.1'], ttl: 60 };

describe('a message of the egress process', () => {
  test.each([
    { kind: 'ready' },
    pin,
    { kind: 'denied', name: 'evil.test', reason: 'x', count: 2 },
    { kind: 'resolved', name: 'github.com', outcome: 'addresses' },
  ])('$kind is understood', (message) => {
    expect(parseFromEgress(message)).toEqual(message);
  });

  test.each([
    ['nothing', null],
    ['text', 'pin'],
    ['an unknown kind', { kind: 'allow', name: 'evil.test' }],
    ['no kind', {}],
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
    [
      'a denial with a reason of a thousand',
      { kind: 'denied', name: 'x', reason: 'a'.repeat(1000), count: 1 },
    ],
  ])('that is %s is dropped', (_, message) => {
    expect(parseFromEgress(message)).toBeNull();
  });
});
