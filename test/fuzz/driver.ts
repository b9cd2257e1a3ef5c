/** A parser of hostile octets and what must hold whatever they are. */
export interface Target {
  readonly name: string;
  /** Inputs that are fine: every other one is made out of them. */
  readonly seeds: readonly Buffer[];
  /** Throws, or rejects, where something does not hold. */
  check(bytes: Buffer): void | Promise<void>;
}

export interface FuzzReport {
  readonly inputs: number;
  /** Milliseconds of the slowest input. */
  readonly slowest: number;
}

type Random = (below: number) => number;
type Mutation = (bytes: Buffer, random: Random) => Buffer;

const interesting = [0, 1, 2, 9, 10, 13, 22, 32, 46, 58, 127, 128, 254, 255];
const longest = 70_000;

/**
 * Gives a target its seeds and `inputs` changed ones; the same seed makes the same inputs again.
 * Rejects at the first violation with the input in it, as base64.
 */
export async function fuzz(
  target: Target,
  { inputs, seed }: { inputs: number; seed: number },
): Promise<FuzzReport> {
  const random = randomFrom(seed);
  let slowest = 0;
  for (let i = 0; i < inputs; i++) {
    const bytes = i < target.seeds.length ? pick(target.seeds, i) : mutate(target.seeds, random);
    const start = performance.now();
    try {
      const checked = target.check(bytes);
      if (checked !== undefined) await checked;
    } catch (error) {
      const what = `${target.name}, seed ${seed}, input ${i}: ${bytes.toString('base64')}`;
      throw new Error(what, { cause: error });
    }
    slowest = Math.max(slowest, performance.now() - start);
  }
  return { inputs, slowest };
}

function mutate(seeds: readonly Buffer[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(pick(seeds, random(seeds.length)));
  const other = pick(seeds, random(seeds.length));
  for (let rounds = 1 + random(4); rounds > 0; rounds--) {
    const mutation = random(8) === 0 ? splice(other) : pick(mutations, random(mutations.length));
    bytes = mutation(bytes, random).subarray(0, longest);
  }
  return bytes;
}

const mutations: readonly Mutation[] = [
  change((_, random) => random(256)),
  change((old, random) => old ^ (1 << random(8))),
  change((_, random) => interesting[random(interesting.length)] ?? 0),
  // Lengths on the wire are mostly off by a little.
  change((old, random) => (old + random(9) - 4) & 255),
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => {
    const at = random(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(8))]);
  },
  (bytes, random) => {
    const at = random(bytes.length + 1);
    const extra = Buffer.from(Array.from({ length: 1 + random(8) }, () => random(256)));
    return Buffer.concat([bytes.subarray(0, at), extra, bytes.subarray(at)]);
  },
  (bytes, random) => {
    const [from, at] = [random(bytes.length + 1), random(bytes.length + 1)];
    const piece = bytes.subarray(from, from + 1 + random(64));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
];

function change(octet: (old: number, random: Random) => number): Mutation {
  return (bytes, random) => {
    const at = random(bytes.length + 1);
    if (at < bytes.length) bytes[at] = octet(bytes[at] ?? 0, random);
    return bytes;
  };
}

function splice(other: Buffer): Mutation {
  return (bytes, random) =>
    Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1))]);
}

function pick<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error('a target without seeds');
  return item;
}

/** A small generator (mulberry32) with a seed, so that a failing input can be made again. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
