import { describe, expect, test } from 'vitest';
import { frame, Unframer } from '../../../src/network/framing.ts';

/** A small generator with a seed, so that a failing split can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return state % below;
  };
}

describe('the framing of DNS over TCP', () => {
  test('puts the length before the message', () => {
    expect(frame(Buffer.from('abc'))).toEqual(Buffer.from([0, 3, 97, 98, 99]));
  });

  test('takes pipelined messages apart', () => {
    const both = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two!'))]);
    expect(new Unframer().push(both).map(String)).toEqual(['one', 'two!']);
  });

  test('waits for a message that comes octet by octet', () => {
    const unframer = new Unframer();
    const bytes = frame(Buffer.from('slow'));
    const seen = [...bytes].flatMap((octet) => unframer.push(Buffer.from([octet])));
    expect(seen.map(String)).toEqual(['slow']);
  });

  test('passes an empty message on, for the parser to refuse', () => {
    expect(new Unframer().push(Buffer.from([0, 0, 0, 1, 65])).map(String)).toEqual(['', 'A']);
  });

  test('gives back what went in, however two hundred random streams are split', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomFrom(seed);
      const messages = Array.from({ length: 1 + random(8) }, () => Buffer.alloc(random(700), random(256)));
      const stream = Buffer.concat(messages.map(frame));
      const unframer = new Unframer();
      const seen: Buffer[] = [];
      for (let at = 0; at < stream.length; ) {
        const end = at + 1 + random(300);
        seen.push(...unframer.push(stream.subarray(at, end)));
        at = end;
      }
      expect(
        seen.map((one) => one.toString('hex')),
        `seed ${seed}`,
      ).toEqual(messages.map((one) => one.toString('hex')));
    }
  });
});
