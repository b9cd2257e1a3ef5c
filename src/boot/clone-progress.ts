import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import type { StateStore } from '../state/state-store.ts';

/** Milliseconds between two words of the log: a clone that is over sooner says nothing on its way. */
const pace = 5000;

/** Tells how far a long clone is: on the state store at once, in the log now and then. */
export function makeCloneProgress(parts: {
  host: Host;
  log: Log;
  store: StateStore;
}): (line: string) => void {
  const { host, log, store } = parts;
  let last = host.uptime();
  return (line) => {
    const detail = line.slice(0, 200);
    store.post({ repository: detail });
    if (host.uptime() - last < pace) return;
    last = host.uptime();
    log.event('info', 'clone.progress', { detail });
  };
}
