import { expect, test } from 'vitest';
import { parseQuery, renderAnswer } from '../../../../src/network/dns-message.ts';
import { makeFinished } from '../../../../src/network/resolver/answer-cache.ts';
import { query } from './dns.ts';

/** @returns a query for the name of that number, and a finished answer to it. */
function pairOf(number: number) {
  const octets = query(`n${number}.example.org`, 1, { edns: 1232 });
  const parsed = parseQuery(octets);
  if (parsed === null || 'rcode' in parsed) throw new Error('the query makes no sense');
  const addresses = Array.from({ length: 50 }, (_, index) => `203.0.113.${index}`);
  return { octets, answer: renderAnswer(parsed, { addresses, ttl: 60, over: 'datagram' }) };
}

test('finished answers take a megabyte at most: what was asked for longest ago goes, not what is in use', () => {
  const finished = makeFinished();
  const inUse = pairOf(0);
  const isCurrent = () => true;
  let kept = 0;
  for (let number = 0; number < 3000; number++) {
    const { octets, answer } = pairOf(number);
    finished.keep(octets, { answer, expires: 1000, isCurrent });
    if (finished.find(inUse.octets, 0) === null) throw new Error(`lost after ${number}`);
  }
  for (let number = 0; number < 3000; number++) {
    const { octets } = pairOf(number);
    kept += finished.find(octets, 0) === null ? 0 : octets.length + inUse.answer.length;
  }
  expect(kept).toBeGreaterThan(512 * 1024);
  expect(kept).toBeLessThan(1024 ** 2);
  expect(finished.find(pairOf(2999).octets, 0)).not.toBeNull();
  expect(finished.find(pairOf(1).octets, 0)).toBeNull();
});

test('of a long query, and of one that has too long an answer, nothing is kept', () => {
  const finished = makeFinished();
  const { octets, answer } = pairOf(1);
  const long = Buffer.concat([octets, Buffer.alloc(600)]);
  finished.keep(long, { answer, expires: 1000, isCurrent: () => true });
  finished.keep(octets, { answer: Buffer.alloc(1024 ** 2), expires: 1000, isCurrent: () => true });
  expect([finished.find(long, 0), finished.find(octets, 0)]).toEqual([null, null]);
});
