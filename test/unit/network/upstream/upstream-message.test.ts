import Packet from 'dns2/packet';
import { describe, expect, test } from 'vitest';
import {
  parseUpstreamAnswer,
  randomiseCase,
  renderUpstreamQuery,
} from '../../../../src/network/upstream/upstream-message.ts';
import { types, upstream } from '../resolver/dns.ts';

describe('our question to the upstream', () => {
  test('holds the name and nothing of the client', () => {
    const message = Packet.parse(renderUpstreamQuery(9, 'github.com'));
    expect(message.header).toMatchObject({ id: 9, rd: 1, qr: 0 });
    expect(message.questions).toEqual([expect.objectContaining({ name: 'github.com', type: 1 })]);
  });

  test('is written in a casing of chance, and is the same name', () => {
    const written = Array.from({ length: 20 }, () => randomiseCase('api.git-hub.com'));
    expect(new Set(written).size).toBeGreaterThan(15);
    expect(new Set(written.map((name) => name.toLowerCase()))).toEqual(new Set(['api.git-hub.com']));
  });
});

describe('an upstream’s answer', () => {
  const read = (bytes: Buffer) =>
    parseUpstreamAnswer(bytes, renderUpstreamQuery(9, 'github.com'), 'datagram');
  const a = (name: string, address: string, ttl = 60) => ({ name, type: types.A, address, ttl });
  const cname = (name: string, domain: string, ttl = 60) => ({ name, type: types.CNAME, domain, ttl });

  test('gives its addresses and the shortest time on the way to them', () => {
    const records = [
      cname('github.com', 'a.cdn.test', 30),
      cname('a.cdn.test', 'b.cdn.test', 90),
      a('b.cdn.test', '203.0.113.1', 50),
    ];
    expect(read(upstream('github.com', records))).toEqual({ rcode: 0, addresses: ['203.0.113.1'], ttl: 30 });
  });

  test('may have its aliases in any order and any case', () => {
    const records = [
      a('B.cdn.test', '203.0.113.1'),
      cname('A.CDN.test', 'b.CDN.test'),
      cname('GitHub.com', 'a.cdn.test'),
    ];
    expect(read(upstream('github.com', records))).toMatchObject({ addresses: ['203.0.113.1'] });
  });

  test('is not believed where it names an unrelated host', () => {
    const records = [
      a('github.com', '203.0.113.1'),
      a('evil.test', '203.0.113.66', 1),
      cname('other.test', 'evil.test'),
    ];
    expect(read(upstream('github.com', records))).toEqual({ rcode: 0, addresses: ['203.0.113.1'], ttl: 60 });
  });

  test('with aliases in a circle ends', () => {
    const records = [cname('github.com', 'a.test'), cname('a.test', 'github.com')];
    expect(read(upstream('github.com', records))).toMatchObject({ addresses: [] });
  });

  test('may be cut off, which is told', () => {
    expect(read(upstream('github.com', [], { tc: 1 }))).toBe('by-stream');
  });

  test('whose casing is not ours is asked for again over TCP, where nobody can forge it', () => {
    const bytes = upstream('GitHub.com', [a('github.com', '203.0.113.66')]);
    expect(read(bytes)).toBe('by-stream');
    const sent = renderUpstreamQuery(9, 'github.com');
    expect(parseUpstreamAnswer(bytes, sent, 'stream')).toMatchObject({ addresses: ['203.0.113.66'] });
  });

  test('lists each address once, and 256 at most', () => {
    const once = [a('github.com', '203.0.113.1'), a('github.com', '203.0.113.1')];
    expect(read(upstream('github.com', once))).toMatchObject({ addresses: ['203.0.113.1'] });
    const many = Array.from({ length: 300 }, (_, index) =>
      a('github.com', `198.18.${index >> 8}.${index & 255}`),
    );
    expect(read(upstream('github.com', many))).toMatchObject({ addresses: { length: 256 } });
  });

  const soa = (ttl: number, minimum: number) => {
    const message = Packet.parse(upstream('github.com', [], { rcode: 3 }));
    const numbers = { serial: 1, refresh: 2, retry: 3, expiration: 4, minimum };
    const names = { primary: 'ns.test', admin: 'root.test' };
    message.authorities.push({ name: 'com', type: 6, class: 1, ttl, ...names, ...numbers } as never);
    return message.toBuffer();
  };
  test.each([
    [900, 30, 30],
    [20, 900, 20],
  ])(
    'of absence holds for the SOA record’s TTL (%d s) or its minimum (%d s): %d s',
    (ttl, minimum, wanted) => {
      expect(read(soa(ttl, minimum))).toEqual({ rcode: 3, addresses: [], ttl: wanted });
    },
  );

  test('of absence without an SOA record holds for no time of its own', () => {
    expect(read(upstream('github.com', [], { rcode: 3 }))).toMatchObject({ ttl: 0 });
  });

  test('that is cut off in the middle of a record, and does not say so, is none', () => {
    const bytes = upstream('github.com', [a('github.com', '203.0.113.1'), a('github.com', '203.0.113.2')]);
    expect(read(bytes.subarray(0, -3))).toBeNull();
  });

  test('of thousands of records that each follow thousands of pointers costs little', () => {
    const sent = renderUpstreamQuery(9, 'github.com');
    const bytes = Buffer.alloc(16_384);
    sent.copy(bytes);
    bytes.writeUInt16BE(0x8180, 2);
    for (let at = 40; at < 13_000; at += 2) bytes.writeUInt16BE(0xc000 | (at + 2), at);
    bytes.writeUInt16BE(4000, 6);
    const start = performance.now();
    read(bytes);
    expect(performance.now() - start).toBeLessThan(500);
  });

  test.each([
    ['a wrong id', upstream('github.com', [a('github.com', '203.0.113.66')], { id: 10 })],
    ['another question’s name', upstream('evil.test', [a('evil.test', '203.0.113.66')])],
    [
      'another question’s type',
      upstream('github.com', [a('github.com', '203.0.113.66')], { type: types.TXT }),
    ],
    ['a query sent back', upstream('github.com', [a('github.com', '203.0.113.66')], { qr: 0 })],
    ['noise', Buffer.from('noise, noise, noise')],
    ['nothing', Buffer.alloc(0)],
  ])('with %s is none', (_, bytes) => {
    expect(read(bytes)).toBeNull();
  });
});
