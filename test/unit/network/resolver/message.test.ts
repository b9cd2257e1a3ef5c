import Packet from 'dns2/packet';
import { describe, expect, test } from 'vitest';
import {
  fitDatagram,
  parseQuery,
  parseUpstreamAnswer,
  type Query,
  renderAnswer,
  renderError,
  renderUpstreamQuery,
} from '../../../../src/network/resolver/message.ts';
import { explanationOf, query, types, upstream } from './dns.ts';

const A = types.A;
const parsed = (bytes: Buffer) => parseQuery(bytes) as Query;

describe('a query', () => {
  test('is read with its name as it was written', () => {
    expect(parsed(query('gItHub.com'))).toMatchObject({ name: 'gItHub.com', type: 1 });
  });

  test.each([
    ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['nothing', Buffer.alloc(0)],
    ['half a header', query('github.com').subarray(0, 5)],
    ['an answer in the upstream’s place', upstream('github.com', [])],
  ])('that is %s gets no answer, or a refusal', (_, bytes) => {
    const result = parseQuery(bytes);
    expect(result === null || 'rcode' in result).toBe(true);
  });

  test('with two questions is refused: one would be judged and the other answered', () => {
    const message = Packet.parse(query('github.com'));
    message.questions.push({ name: 'evil.test', type: 1, class: 1 } as never);
    expect(parseQuery(message.toBuffer())).toMatchObject({ rcode: 1 });
  });

  test('with no question is refused', () => {
    const message = new Packet();
    message.header.id = 1;
    expect(parseQuery(message.toBuffer())).toMatchObject({ rcode: 1 });
  });

  test('of another kind than a query (an update) is refused', () => {
    const bytes = query('github.com');
    bytes[2] = (bytes[2] ?? 0) | (5 << 3);
    expect(parseQuery(bytes)).toMatchObject({ rcode: 4 });
  });
});

describe('an answer', () => {
  test('echoes id and name, and carries the addresses', () => {
    const answer = Packet.parse(
      renderAnswer(parsed(query('GitHub.com', A, { id: 77 })), ['203.0.113.1'], 60),
    );
    expect(answer.header).toMatchObject({ id: 77, qr: 1, ra: 1, rcode: 0 });
    expect(answer.questions[0]).toMatchObject({ name: 'GitHub.com', type: 1 });
    expect(answer.answers).toEqual([expect.objectContaining({ address: '203.0.113.1', ttl: 60, type: 1 })]);
  });

  test('says why a name was denied, to a client that can hear it', () => {
    const why = { code: 15, text: 'evil.test is not on the allowlist' };
    const bytes = renderError(parsed(query('evil.test', A, { edns: 1232 })).message, 3, why);
    expect(Packet.parse(bytes).header.rcode).toBe(3);
    expect(explanationOf(bytes)).toEqual(why);
  });

  test('says it without an explanation to an old client', () => {
    const bytes = renderError(parsed(query('evil.test')).message, 3, { code: 15, text: 'x' });
    expect(Packet.parse(bytes)).toMatchObject({ header: { rcode: 3 }, additionals: [] });
  });

  const many = Array.from({ length: 60 }, (_, index) => `203.0.113.${index}`);
  test('of sixty addresses is truncated for an old client, to ask again over TCP', () => {
    const asked = parsed(query('github.com'));
    const fitted = fitDatagram(asked.message, renderAnswer(asked, many, 60));
    expect(fitted.length).toBeLessThanOrEqual(512);
    expect(Packet.parse(fitted)).toMatchObject({ header: { tc: 1, id: 7 }, answers: [] });
  });

  test('is never larger than 1232 octets, whatever the client says it takes', () => {
    const asked = parsed(query('github.com', A, { edns: 65535 }));
    const large = renderAnswer(asked, [...many, ...many, ...many], 60);
    expect(large.length).toBeGreaterThan(1232);
    expect(Packet.parse(fitDatagram(asked.message, large)).header.tc).toBe(1);
  });

  test('that fits is passed as it is', () => {
    const asked = parsed(query('github.com'));
    const answer = renderAnswer(asked, ['203.0.113.1'], 60);
    expect(fitDatagram(asked.message, answer)).toBe(answer);
  });
});

describe('our question to the upstream', () => {
  test('holds the name and nothing of the client', () => {
    const message = Packet.parse(renderUpstreamQuery(9, 'github.com'));
    expect(message.header).toMatchObject({ id: 9, rd: 1, qr: 0 });
    expect(message.questions).toEqual([expect.objectContaining({ name: 'github.com', type: 1 })]);
  });
});

describe('an upstream’s answer', () => {
  const read = (bytes: Buffer) => parseUpstreamAnswer(bytes, 9, 'github.com');
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
    expect(read(upstream('GITHUB.com', records))).toMatchObject({ addresses: ['203.0.113.1'] });
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
    expect(read(upstream('github.com', [], { tc: 1 }))).toBe('truncated');
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
