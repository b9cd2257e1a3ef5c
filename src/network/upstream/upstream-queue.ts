/**
 * Runs work as long as there is room, and the rest in turn. Work whose signal is over when its turn comes
 * is not begun.
 */
export type Enqueue = <Result>(work: () => Promise<Result>, signal: AbortSignal) => Promise<Result>;

export function makeQueue(most: number): Enqueue {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work, signal) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
