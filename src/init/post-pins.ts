import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import type { KernelReport } from '../network/firewall/pins/kernel-pins.ts';
import type { StateStore } from '../state/state-store.ts';

/** Milliseconds in which what has become of the pins goes together onto the store: a dial waits for none of it. */
const pause = 100;

/**
 * @returns who hears what the kernel has of the pins, and posts it: a failure, the end of one and another way of
 * pinning at once, a mere number soon.
 */
export function makePinPoster({
  host,
  log,
  store,
}: {
  host: Host;
  log: Log;
  store: StateStore;
}): (report: KernelReport) => void {
  let latest: KernelReport | null = null;
  const post = () => {
    if (latest === null) return;
    const { failure, ...kernel } = latest;
    latest = null;
    store.post({ firewall: { ...store.state.firewall, ...kernel, lastFailure: failure } });
  };
  return (report) => {
    const { failure, pinning } = report;
    if (failure !== null) log.event('error', 'firewall.failed', { reason: failure });
    const isWaiting = latest !== null;
    latest = report;
    const posted = store.state.firewall;
    if (failure !== null || posted.lastFailure !== null || posted.pinning !== pinning) post();
    else if (!isWaiting) void host.sleep(pause).then(post);
  };
}
