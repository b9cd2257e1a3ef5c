import { isIPv4 } from 'node:net';
import { makeOpenJudge } from '../policy/address-class.ts';
import { makeAllowlist } from '../policy/allowlist.ts';
import type { PinWish } from './pin-leases.ts';
import type { ToEgress } from './protocol.ts';
import { connectionLimits } from './proxy/proxy-limits.ts';
import { makeProxyWay, type ProxyWay } from './proxy/proxy-way.ts';
import { makeNeighbourAsk } from './resolver/ask-neighbour.ts';
import { makeNames } from './resolver/names.ts';
import type { AskUpstream } from './upstream/upstream.ts';

/** Seconds that an address lives which nobody has to be asked for. */
const literalTtl = 300;

interface OpeningParts {
  readonly ask: AskUpstream;
  readonly pin: (wish: PinWish) => Promise<void>;
  readonly now: () => number;
}

/**
 * Opens the way through the operator's proxy. Its own host is looked up as a neighbour's is where it has no dot or stands
 * in the hosts file, else as any name; the answer may be anything that is not closed for good, for the operator chose it.
 */
export function openProxyWay(
  configuration: Extract<ToEgress, { kind: 'configure' }>,
  { ask, pin, now }: OpeningParts,
): ProxyWay | null {
  const { proxy, neighbours, byAddress } = configuration;
  if (proxy === null || byAddress) return null;
  const beside = makeNeighbourAsk(neighbours);
  const isBeside = (name: string) => !name.includes('.') || Object.hasOwn(neighbours.hosts, name);
  const list = makeAllowlist([{ name: proxy.host, wildcard: false, port: proxy.port, protocol: 'tcp' }]);
  const names = makeNames({
    allowlist: () => list,
    ask: (name) => (isBeside(name) ? beside(name) : ask(name)),
    mayDial: makeOpenJudge(configuration),
    learned: () => {},
    refused: () => {},
    failed: () => {},
    now,
  });
  return makeProxyWay({
    proxy,
    pin,
    limits: connectionLimits,
    resolve: async (host) =>
      isIPv4(host)
        ? { kind: 'addresses', addresses: [host], ttl: literalTtl }
        : (await names.find(host, { fresh: false })).resolution,
  });
}
