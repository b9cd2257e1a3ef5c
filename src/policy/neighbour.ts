import { isIPv4 } from 'node:net';
import { type AddressJudge, closedRanges, listOf, type Surroundings } from './address-class.ts';
import { normaliseName } from './host-name.ts';
import { mustRange } from './range.ts';
import type { Rule } from './rule.ts';

/** What the platform says of the neighbours, read once at the boot. Plain data: it goes through the handover. */
export interface NeighbourFacts {
  /** Their addresses by name, where the hosts file has them. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  /** Who is asked for the others: the resolvers that the engine gave the container. */
  readonly resolvers: readonly string[];
  /** IPv4 addresses of the gateways: of the machine that the container runs on, as a rule. */
  readonly gateways: readonly string[];
}

/** What engines call the machine that the container runs on. */
const machineNames: ReadonlySet<string> = new Set(['host.docker.internal', 'host.containers.internal']);
const privateRanges = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

/** @param text `db:5432`.  @returns the neighbour's rule, or why the text is none. */
export function parseNeighbour(text: string): Rule | string {
  const [, host = '', digits = ''] = /^([^\s:/*]{1,253}):([0-9]{1,5})(?:\/tcp)?$/.exec(text) ?? [];
  const name = normaliseName(host);
  const port = Number(digits);
  if (name === null) return 'is no name:port';
  if (port < 1 || port > 65535) return 'has no port from 1 to 65535';
  if (port === 53) return 'has port 53, which always leads to the resolver';
  return { name, wildcard: false, port, protocol: 'tcp', neighbour: true };
}

/** @returns the one of these rules that an operator names so, by its name or with its port; or null. */
export function neighbourNamed(rules: readonly Rule[], text: string): Rule | null {
  const [, name, port] = /^([^:/]+)(?::([0-9]{1,5})(?:\/tcp)?)?$/.exec(text.toLowerCase()) ?? [];
  const isMeant = (rule: Rule) => rule.name === name && (port === undefined || rule.port === Number(port));
  return rules.find((rule) => rule.neighbour === true && isMeant(rule)) ?? null;
}

/**
 * Judges by a neighbour's name which addresses it may be reached at: those of a connected network, but what nothing
 * opens, and but the gateways, where the machine itself listens. Its own name leads there, and to the private address
 * that the hosts file has for it, which may stand behind the gateway: nobody but the engine and the operator write it.
 */
export function makeNeighbourJudge(
  place: Surroundings & Pick<NeighbourFacts, 'hosts' | 'gateways'>,
): (name: string) => AddressJudge {
  const never = listOf(closedRanges(place));
  const beside = listOf(place.connected);
  const inside = listOf(privateRanges.map((text) => mustRange(text)));
  return (name) => (address) => {
    if (!isIPv4(address) || never.check(address)) return false;
    const isGateway = place.gateways.includes(address);
    if (!machineNames.has(name)) return beside.check(address) && !isGateway;
    return (
      isGateway || beside.check(address) || (inside.check(address) && isFixed(place.hosts, name, address))
    );
  };
}

/** @returns whether the hosts file gives the name this address. */
function isFixed(hosts: NeighbourFacts['hosts'], name: string, address: string): boolean {
  return Object.hasOwn(hosts, name) && hosts[name]?.includes(address) === true;
}
