import type { Egress } from './egress-service.ts';
import { endStuck, type LivenessParts, watchLiveness } from './liveness.ts';
import type { PacketLogger } from './start-packet-logger.ts';

/** Milliseconds for an answer; and between two looks whether the reader has told of the packet it was asked by. */
const patience = 5000;
const glance = 100;
const rest = 1000;

interface Asked {
  readonly egress: Pick<Egress, 'ask' | 'child'>;
  readonly packetLog: Pick<PacketLogger, 'child' | 'lines'>;
}

/** Has both programs of the way out asked whether they live, ends the one that does not answer, and starts it again. */
export function watchEgress(
  parts: LivenessParts & {
    readonly store: { readonly state: { readonly resolver: { readonly running: boolean } } };
  },
  { egress, packetLog }: Asked,
): void {
  const { host, store } = parts;
  const again = { name: 'ask again', rest, take: () => {} };
  const end = (kept: Parameters<typeof endStuck>[1]) =>
    ({ name: 'end', rest, ends: true, take: () => endStuck(host, kept) }) as const;
  watchLiveness(parts, {
    name: 'egress',
    patience,
    mayAsk: () => store.state.resolver.running,
    ask: async () => ((await egress.ask()) ? null : 'it ended'),
    steps: [again, end(egress)],
  });
  watchLiveness(parts, {
    name: 'packet-log',
    patience: 2 * patience,
    // The packet it is asked by is the egress process's. A kernel whose firewall tells nothing makes it no liar.
    mayAsk: () => store.state.resolver.running && store.state.unanswered.egress === undefined,
    ask: async () => {
      const before = packetLog.lines;
      if (!(await egress.ask())) return null;
      const until = host.uptime() + patience;
      while (packetLog.lines === before && host.uptime() < until) await host.sleep(glance);
      return packetLog.lines === before && before > 0 ? 'it does not tell what the firewall refuses' : null;
    },
    steps: [again, end(packetLog)],
  });
}
