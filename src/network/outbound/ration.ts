/** A budget that fills again. */
export interface Ration {
  /** Takes an amount, or nothing.  @returns whether it was there. */
  take(amount: number): boolean;
  /** @returns milliseconds until an amount is there. */
  wait(amount: number): number;
}

/** @param options.burst how much there is at most, and at first.  @param options.perSecond how much comes back. */
export function makeRation(options: {
  readonly burst: number;
  readonly perSecond: number;
  readonly now: () => number;
}): Ration {
  const { burst, perSecond, now } = options;
  let held = burst;
  let at = now();
  const fill = () => {
    held = Math.min(burst, held + ((now() - at) / 1000) * perSecond);
    at = now();
  };
  return {
    take: (amount) => {
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
