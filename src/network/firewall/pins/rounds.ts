/** One round at a time, and at most one more that waits: whoever comes meanwhile joins it. */
export function makeRounds(round: () => Promise<void>) {
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;
  const next = (): Promise<void> => {
    if (running === null) {
      running = round().finally(() => {
        running = null;
      });
      return running;
    }
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = null;
        return next();
      });
    return queued;
  };
  return { next, pending: () => queued ?? running ?? next() };
}
