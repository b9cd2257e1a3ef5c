import Packet from 'dns2/packet';
import { describe, expect, test } from 'vitest';
import {
  findTtls,
  parseQuery,
  type Query,
  renderAnswer,
  renderError,
} from '../../../src/network/dns-message.ts';
import { makeBlank } from '../../../src/network/resolver/answer-template.ts';
import { explanationOf, query, types, upstream } from './resolver/dns.ts';

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

  test('of an EDNS version nobody speaks is told so', () => {
    const bytes = query('github.com', A, { edns: 1232 });
    bytes[bytes.length - 5] = 1;
    const result = parseQuery(bytes);
    expect(result).toMatchObject({ rcode: 16 });
    const answer = Packet.parse(renderError((result as Query).message, 16));
    expect(answer.header).toMatchObject({ id: 7, rcode: 16 });
  });

  test('with two EDNS records is refused', () => {
    const message = Packet.parse(query('github.com', A, { edns: 1232 }));
    message.additionals.push(Packet.Resource.EDNS([], { udpPayloadSize: 4096 }));
    expect(parseQuery(message.toBuffer())).toMatchObject({ rcode: 1 });
  });

  test('that hides a dot inside a label is refused: as text it would be another name', () => {
    const bytes = query('githubXcom');
    bytes[12 + 7] = 0x2e;
    expect(parseQuery(bytes)).toMatchObject({ rcode: 1 });
  });

  test.each([
    ['to itself', Buffer.from([0xc0, 12])],
    ['into the header', Buffer.from([0xc0, 0])],
    ['after a label', Buffer.from([1, 65, 0xc0, 12])],
  ])('whose name is a compression pointer %s is refused', (_, name) => {
    const head = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(parseQuery(Buffer.concat([head, name, Buffer.from([0, 1, 0, 1])]))).toMatchObject({ rcode: 1 });
  });

  test('of thousands of records that each follow thousands of pointers costs next to nothing', () => {
    const bytes = Buffer.alloc(65_535);
    for (let at = 12; at < 16_000; at += 2) bytes.writeUInt16BE(0xc000 | (at + 2), at);
    for (let at = 17_000; at < 65_500; at += 12) bytes.writeUInt16BE(0xc00c, at);
    for (const counts of [
      [1, 4000, 0, 0],
      [4000, 0, 0, 0],
      [1, 0, 0, 65_535],
      [1, 0, 0, 2],
    ]) {
      counts.forEach((count, index) => {
        bytes.writeUInt16BE(count, 4 + 2 * index);
      });
      const start = performance.now();
      expect(parseQuery(bytes)).toMatchObject({ rcode: 1 });
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });
});

describe('an answer', () => {
  const many = Array.from({ length: 60 }, (_, index) => `203.0.113.${index}`);
  const render = (bytes: Buffer, addresses: readonly string[], over: 'datagram' | 'stream' = 'datagram') =>
    renderAnswer(parsed(bytes), { addresses, ttl: 60, over });

  test('echoes id and name, and carries the addresses', () => {
    const answer = Packet.parse(render(query('GitHub.com', A, { id: 77 }), ['203.0.113.1']));
    expect(answer.header).toMatchObject({ id: 77, qr: 1, ra: 1, rcode: 0 });
    expect(answer.questions[0]).toMatchObject({ name: 'GitHub.com', type: 1 });
    expect(answer.answers).toEqual([expect.objectContaining({ address: '203.0.113.1', ttl: 60, type: 1 })]);
  });

  test('of sixty addresses is truncated for an old client, to ask again over TCP', () => {
    const fitted = render(query('github.com'), many);
    expect(fitted.length).toBeLessThanOrEqual(512);
    expect(Packet.parse(fitted)).toMatchObject({ header: { tc: 1, id: 7 }, answers: [] });
  });

  test.each([
    ['within what a client takes', 1232, 0],
    ['more than a client takes', 700, 1],
    ['for a client that says it takes less than it must', 1, 1],
  ])('of sixty addresses, %s (%d octets), has the truncation bit %d', (_, edns, tc) => {
    expect(Packet.parse(render(query('github.com', A, { edns }), many)).header.tc).toBe(tc);
  });

  test('is never larger than 1232 octets, whatever the client says it takes', () => {
    const bytes = query('github.com', A, { edns: 65_535 });
    const large = [...many, ...many, ...many];
    expect(render(bytes, large, 'stream').length).toBeGreaterThan(1232);
    expect(Packet.parse(render(bytes, large)).header.tc).toBe(1);
  });

  test('tells where its TTLs stand', () => {
    const answer = render(query('api.GitHub.com', A, { edns: 1232 }), many.slice(0, 3));
    const found = findTtls(answer);
    expect(found).toHaveLength(3);
    for (const at of found) answer.writeUInt32BE(4711, at);
    expect(Packet.parse(answer).answers.map(({ ttl }) => ttl)).toEqual([4711, 4711, 4711]);
    expect(Packet.parse(answer).errors).toEqual([]);
  });
});

describe('an error answer', () => {
  const why = { code: 15, text: 'not on the list' };

  test('made for one query alone says why, to a client that can hear it', () => {
    const bytes = renderError(parsed(query('evil.test', A, { edns: 1232 })).message, 3, why);
    expect(Packet.parse(bytes).header.rcode).toBe(3);
    expect(explanationOf(bytes)).toEqual(why);
  });

  test.each([
    ['with an explanation, if it speaks EDNS', { id: 513, edns: 4096 }],
    ['without, if it does not', { id: 513 }],
  ])('made once and filled in says the same %s', (_, options) => {
    const bytes = query('eViL.test', 28, options);
    const asked = parsed(bytes);
    expect(makeBlank({ rcode: 3, why })(asked, bytes)).toEqual(renderError(asked.message, 3, why));
  });

  test('filled in for one client holds nothing of the one before', () => {
    const fill = makeBlank({ rcode: 3 });
    const first = query('secret.evil.test', A, { id: 1 });
    fill(parsed(first), first);
    const second = query('b.test', A, { id: 2 });
    expect(fill(parsed(second), second)).toEqual(renderError(parsed(second).message, 3));
  });
});
