import { expect, test } from 'vitest';
import { parseQuery, renderQuestion, renderReply } from '../../internet/dns-wire.ts';

const header = (id: number, questions = 1) =>
  Buffer.from([id >> 8, id & 255, 1, 0, 0, questions, 0, 0, 0, 0, 0, 0]);
const ask = (name: string, type: number) => Buffer.concat([header(0x1234), renderQuestion(name, type)]);

test('reads id, name and type of a query and keeps its letter case', () => {
  expect(parseQuery(ask('GitHub.com', 1))).toMatchObject({
    id: 0x1234,
    name: 'GitHub.com',
    type: 1,
    udpSize: 512,
  });
});

test('reads the answer size that a client offers by EDNS', () => {
  const opt = Buffer.from([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
  expect(parseQuery(Buffer.concat([ask('a.test', 1), opt]))).toMatchObject({ edns: true, udpSize: 1232 });
});

test('escapes bytes that are in no host name', () => {
  expect(parseQuery(ask('a\x1bb\0.test', 1))?.name).toBe('a\\027b\\000.test');
});

test.each([
  ['a cut header', header(1).subarray(0, 10)],
  [
    'an answer',
    Buffer.concat([Buffer.from([0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]), renderQuestion('a.test', 1)]),
  ],
  ['two questions', Buffer.concat([header(1, 2), renderQuestion('a.test', 1), renderQuestion('b.test', 1)])],
  ['a label that runs past the end', Buffer.concat([header(1), Buffer.from([63, 97, 98, 99, 100])])],
  ['a pointer in place of a name', Buffer.concat([header(1), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
])('takes %s for no query', (_what, message) => {
  expect(parseQuery(message)).toBeUndefined();
});

const reply = {
  id: 7,
  rcode: 0,
  question: renderQuestion('a.test', 1),
  truncated: false,
  edns: false,
  ttl: 60,
  addresses: ['203.0.113.9'],
};

test('renders an address record that points back to the question', () => {
  const record = renderReply(reply).subarray(12 + reply.question.length);
  expect(record.toString('hex')).toBe('c00c' + '0001' + '0001' + '0000003c' + '0004' + 'cb007109');
});

test('renders an IPv6 address in full', () => {
  const message = renderReply({ ...reply, addresses: ['2001:db8:c10::66'] });
  expect(message.subarray(-16).toString('hex')).toBe('20010db80c1000000000000000000066');
});

test('sets the truncated bit and sends no record with it', () => {
  const message = renderReply({ ...reply, truncated: true });
  expect(message.readUInt16BE(2) & 0x0200).toBe(0x0200);
  expect(message.readUInt16BE(6)).toBe(0);
});

test('counts an alias and its addresses', () => {
  expect(renderReply({ ...reply, cname: 'b.test' }).readUInt16BE(6)).toBe(2);
});
