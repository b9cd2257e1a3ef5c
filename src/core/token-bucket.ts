/** What may be used up at once, and comes back with time. */
export interface TokenBucket {
  /** Takes an amount, or nothing.  @returns whether it was there. */
  take(amount?: number): boolean;
  /** @returns milliseconds until an amount is there. */
  wait(amount: number): number;
}

/**
 * @param options.burst how much there is at most, and at first.
 * @param options.perSecond how much comes back.
 * @param options.now milliseconds of a clock that nobody sets.
 */
export function makeTokenBucket(options: {
  readonly burst: number;
  readonly perSecond: number;
  readonly now: () => number;
}): TokenBucket {
  const { burst, perSecond, now } = options;
  let held = burst;
  let at = now();
  const fill = () => {
    const time = now();
    held = Math.min(burst, held + ((time - at) / 1000) * perSecond);
    at = time;
  };
  return {
    take: (amount = 1) => {
      fill();
      if (held < amount) return false;
      held -= amount;
      return true;
    },
    wait: (amount) => {
      fill();
      return held >= amount ? 0 : Math.ceil(((amount - held) / perSecond) * 1000);
    },
  };
}
