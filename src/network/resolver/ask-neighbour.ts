import { isLoopback } from '../../policy/address-class.ts';
import type { NeighbourFacts } from '../../policy/neighbour.ts';
import { Rcode } from '../dns-message.ts';
import { type AskUpstream, makeUpstream } from '../upstream/upstream.ts';

/** Seconds: what the hosts file says is the same until the container ends. */
const fixedTtl = 300;
/** Milliseconds for the engine's resolver, which knows its own names at once; of others older engines say nothing at all. */
const enginePatience = 1500;
const unknown = { rcode: Rcode.noSuchName, addresses: [], ttl: 0 };

/** Asks for a neighbour's addresses: the hosts file first, as any program would, then the resolvers of the platform. */
export function makeNeighbourAsk({ hosts, resolvers }: NeighbourFacts): AskUpstream {
  const isEngines = resolvers.length > 0 && resolvers.every(isLoopback);
  const ask = makeUpstream(resolvers, 53, isEngines ? enginePatience : undefined);
  return async (name) => {
    const addresses = Object.hasOwn(hosts, name) ? hosts[name] : undefined;
    if (addresses !== undefined) return { rcode: Rcode.ok, addresses, ttl: fixedTtl };
    return isEngines ? ask(name).catch(() => unknown) : ask(name);
  };
}
