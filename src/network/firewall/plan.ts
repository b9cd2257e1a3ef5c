import { isIPv6 } from 'node:net';
import { ownAddress } from '../../core/own-address.ts';
import { closedRanges, type Surroundings } from '../../policy/address-class.ts';

/** Everything the firewall depends on. Ids are decimal user ids; addresses are literal. */
export interface FirewallPlan {
  readonly agent: number;
  readonly egress: number;
  /** TCP ports on which the agent is redirected to the proxy; null where it dials pinned addresses itself. */
  readonly proxied: readonly number[] | null;
  /** The resolvers that the egress user alone may ask, on port 53. */
  readonly upstreams: readonly string[];
  /** Those of them on loopback: the engine's own, which answers for the names of the box's networks. */
  readonly engineResolvers: readonly string[];
  /** What these don't know they ask of others, from here and as root: that leaves the box. */
  readonly engineForwards: boolean;
  /** Resolvers of the platform on loopback, closed on every port: they answer for anybody. */
  readonly loopbackResolvers: readonly string[];
  /** IPv4 ranges that no pin opens. */
  readonly closed: readonly string[];
  /** TCP ports of the agent's servers that the outside may reach. */
  readonly published: readonly number[];
  /** On Fly root keeps its resolver and the answers of `fly ssh console`, both over IPv6. */
  readonly fly: boolean;
}

/** Docker answers here on user-defined networks, on port 53 and on a high port. */
const engineResolver = '127.0.0.11';

export function planFirewall(
  facts: Omit<FirewallPlan, 'engineResolvers' | 'loopbackResolvers' | 'closed'> &
    Surroundings & { nameservers: readonly string[] },
): FirewallPlan {
  const { nameservers, connected, local, upstreams, ...rest } = facts;
  const closed = closedRanges({ connected, local })
    .filter(({ family }) => family === 'ipv4')
    .map(({ base, prefix }) => `${base}/${prefix}`);
  const loopback = nameservers.filter(isEngines);
  return {
    ...rest,
    upstreams: upstreams.filter((address) => !isEngines(address)),
    engineResolvers: upstreams.filter(isEngines),
    closed: [...new Set(closed)],
    loopbackResolvers: [...new Set([engineResolver, ...loopback])],
  };
}

/** On a loopback address that is not the box's own. */
function isEngines(address: string): boolean {
  return /^127\./.test(address) && address !== ownAddress;
}

/** @returns the ports on which the rules let anything out, each once. */
export function proxiedPorts(rules: readonly { readonly port: number }[]): number[] {
  return [...new Set(rules.map((rule) => rule.port))].sort((one, other) => one - other);
}

/** @returns the addresses of one family. */
export function ofFamily(addresses: readonly string[], family: 4 | 6): readonly string[] {
  return addresses.filter((address) => isIPv6(address) === (family === 6));
}

/** Which of our jumps stand already, so that a second boot in one namespace adds none twice. */
export interface StandingRules {
  has(table: string, line: string): boolean;
}

/** @param saved what iptables-save printed. */
export function parseStanding(saved: string): StandingRules {
  const lines = new Set<string>();
  let table = '';
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    else lines.add(`${table} ${line.trim()}`);
  }
  return { has: (name, line) => lines.has(`${name} ${line}`) };
}
