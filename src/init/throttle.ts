import { makeTokenBucket } from '../core/token-bucket.ts';

/** Tells of things one by one while they are few, and counts them while they are many: no count is ever lost. */
export interface Throttle<Item> {
  add(item: Item, count: number): void;
  /** Counts what is not to be told one by one. */
  addRest(count: number): void;
  /** Tells everything that still waits. */
  flush(): void;
}

export interface ThrottleParts<Item> {
  readonly keyOf: (item: Item) => string;
  /** Milliseconds in which the same thing is told once; what comes again is told after it, with its count. */
  readonly window: number;
  /** How many things are told a second, and how many at once after a silence. */
  readonly rate: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly tell: (item: Item, count: number) => void;
  /** Hears how many were too many to be told one by one, at most once a second. */
  readonly tellRest: (count: number) => void;
}

interface Known<Item> {
  readonly item: Item;
  waiting: number;
  toldAt: number;
}

/** Its memory is bounded by what it may tell within one window. */
export function makeThrottle<Item>(parts: ThrottleParts<Item>): Throttle<Item> {
  const known = new Map<string, Known<Item>>();
  const turns = makeTokenBucket({ burst: parts.rate, perSecond: parts.rate, now: parts.now });
  const mostKnown = parts.rate * (parts.window / 1000 + 1);
  let rest = 0;
  let asleep = false;

  const tell = (entry: Known<Item>) => {
    parts.tell(entry.item, takeCount(entry, parts.now()));
  };
  const tellRest = () => {
    if (rest === 0) return;
    const count = rest;
    rest = 0;
    parts.tellRest(count);
  };
  const isDue = (entry: Known<Item>) => parts.now() - entry.toldAt >= parts.window;
  const sweep = () => {
    for (const [key, entry] of known) {
      if (!isDue(entry)) continue;
      if (entry.waiting === 0) known.delete(key);
      else if (turns.take()) tell(entry);
    }
  };
  const wakeLater = async () => {
    if (asleep) return;
    asleep = true;
    await parts.sleep(Math.min(parts.window, 1000));
    asleep = false;
    sweep();
    tellRest();
    if ([...known.values()].some(({ waiting }) => waiting > 0)) void wakeLater();
  };
  return {
    add: (item, count) => {
      const key = parts.keyOf(item);
      const old = known.get(key);
      if (old !== undefined) old.waiting += count;
      const entry = old ?? { item, waiting: count, toldAt: Number.NEGATIVE_INFINITY };
      if (isDue(entry) && turns.take()) {
        if (known.size >= mostKnown) sweep();
        known.set(key, entry);
        tell(entry);
        return;
      }
      if (old === undefined) rest += count;
      void wakeLater();
    },
    addRest: (count) => {
      rest += count;
      if (count > 0) void wakeLater();
    },
    flush: () => {
      for (const entry of known.values()) if (entry.waiting > 0) tell(entry);
      tellRest();
    },
  };
}

function takeCount<Item>(entry: Known<Item>, now: number): number {
  const count = entry.waiting;
  entry.waiting = 0;
  entry.toldAt = now;
  return count;
}
