import { expect, test } from 'vitest';
import { dnsMessage } from '../../../fuzz/dns-message.ts';

const inputs = 20_000;

/** Numbers below `below`, the same in every run (xorshift). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Some octets changed, a piece doubled or cut out, or the end missing. */
function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(seed);
  const [from, to] = [random(bytes.length), random(bytes.length)];
  switch (random(4)) {
    case 0:
      return bytes.subarray(0, to);
    case 1:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    default:
      for (let left = random(4); left >= 0; left--) {
        const at = random(2) === 0 ? random(Math.min(bytes.length, 32)) : random(bytes.length);
        bytes[at] = [0, 1, 0x2e, 0x3f, 0xc0, 0xff, random(256)][random(7)] ?? 0;
      }
      return bytes;
  }
}

test('twenty thousand broken messages are answered soundly or not at all', async () => {
  const random = randomFrom(20_260_101);
  for (const seed of dnsMessage.seeds) dnsMessage.check(seed);
  for (let index = 0; index < inputs; index++) {
    const bytes = mutate(dnsMessage.seeds[random(dnsMessage.seeds.length)] as Buffer, random);
    expect(() => dnsMessage.check(bytes), `input ${index}: ${bytes.toString('hex')}`).not.toThrow();
    if (index % 1000 === 0) await new Promise((resolve) => void setImmediate(resolve));
  }
});
