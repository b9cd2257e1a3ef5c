import type { Allowlist } from '../../policy/allowlist.ts';
import type { Protocol } from '../../policy/rule.ts';
import { judge } from './judge-claim.ts';
import type { Destination } from './proxy-parts.ts';

/** How a connection is to be heard. An opaque one has its name from its address; `nothing` could be said by none. */
export type Plan =
  | { readonly speaks: 'tls' }
  | { readonly speaks: 'http' }
  | { readonly speaks: 'tcp'; readonly names: readonly [string, ...string[]] }
  | { readonly speaks: 'nothing' };

const httpPort = 80;

/** @param names every allowed name that has lately been resolved to the address */
export function planFor(allowlist: Allowlist, { port }: Destination, names: readonly string[]): Plan {
  const [name, ...more] = names.filter(
    (known) => judge(allowlist, { name: known, port, protocol: 'tcp' }) === null,
  );
  if (name !== undefined) return { speaks: 'tcp', names: [name, ...more] };
  const protocols = protocolsOn(allowlist, port);
  // A port that is open for opaque connections alone: what comes would only be misread as TLS.
  if (protocols.size === 1 && protocols.has('tcp')) return { speaks: 'nothing' };
  return { speaks: port === httpPort || protocols.has('http') ? 'http' : 'tls' };
}

const none: ReadonlySet<Protocol> = new Set();
const sorted = new WeakMap<Allowlist, ReadonlyMap<number, ReadonlySet<Protocol>>>();

/** @returns how connections to this port may speak. A list is walked once, however many connections ask. */
function protocolsOn(allowlist: Allowlist, port: number): ReadonlySet<Protocol> {
  const known = sorted.get(allowlist);
  const ports = known ?? sortByPort(allowlist);
  if (known === undefined) sorted.set(allowlist, ports);
  return ports.get(port) ?? none;
}

function sortByPort({ rules }: Allowlist): ReadonlyMap<number, ReadonlySet<Protocol>> {
  const ports = new Map<number, Set<Protocol>>();
  for (const { port, protocol } of rules) {
    const protocols = ports.get(port) ?? new Set();
    ports.set(port, protocols.add(protocol));
  }
  return ports;
}
