import { isIP } from 'node:net';
import { maskOf } from '../host/proc/pid.ts';
import { listOf } from '../policy/address-class.ts';
import { firstHostOf, parseRange, type Range } from '../policy/range.ts';
import type { Platform } from '../state/environment.ts';

const capabilityNumbers = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  FOWNER: 3,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_ADMIN: 21,
} as const;
export type Capability = keyof typeof capabilityNumbers;

/** @param status the text of /proc/self/status.  @returns the effective capabilities among those we know. */
export function parseCapabilities(status: string | null): Set<Capability> {
  const mask = maskOf(status, 'CapEff') ?? 0n;
  const names = Object.keys(capabilityNumbers) as Capability[];
  return new Set(names.filter((name) => (mask >> BigInt(capabilityNumbers[name])) & 1n));
}

/** @param text a resolv.conf(5).  @returns the addresses of its name servers. */
export function parseNameservers(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1]?.replace(/%.*$/, '') ?? '')
    .filter((address) => isIP(address) !== 0);
}

/** @param text /proc/net/route.  @returns the IPv4 ranges reached without a gateway: the neighbours. */
export function parseConnectedRoutes(text: string): Range[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[2] === '00000000' && fields[7] !== '00000000' && fields[7] !== undefined)
    .map((fields) => parseRange(`${littleEndian(fields[1] ?? '')}/${prefixOf(fields[7] ?? '')}`))
    .filter((range) => range !== null);
}

/**
 * @param text /proc/net/route.  @returns the gateways of the routes, and of each connected network without one the
 * address that engines give theirs.
 */
export function parseGateways(text: string, connected: readonly Range[]): string[] {
  const routed = text
    .split('\n')
    .slice(1)
    .map((line) => littleEndian(line.trim().split(/\s+/)[2] ?? ''))
    .filter((address) => isIP(address) === 4 && address !== '0.0.0.0');
  const silent = connected.filter(
    (range) => !routed.some((address) => listOf([range]).check(address, 'ipv4')),
  );
  return [...new Set([...routed, ...silent.map(firstHostOf).filter((address) => address !== null)])];
}

/** @param text a hosts(5).  @returns the IPv4 addresses of each of these names that it has. */
export function parseHosts(text: string, names: readonly string[]): Record<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...aliases] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (isIP(address) !== 4) continue;
    for (const name of new Set(aliases.map((alias) => alias.toLowerCase())))
      if (names.includes(name)) found.set(name, [...(found.get(name) ?? []), address]);
  }
  return Object.fromEntries(found);
}

/** @param text /proc/net/fib_trie.  @returns every IPv4 address of this container's own. */
export function parseLocalAddresses(text: string): Range[] {
  const found = [...text.matchAll(/\|-- ([0-9.]+)\n\s+\/32 host LOCAL/g)].map(([, address]) => address ?? '');
  return [...new Set(found)].map((address) => parseRange(address)).filter((range) => range !== null);
}

function littleEndian(hex: string): string {
  const octets = hex.match(/../g) ?? [];
  return octets
    .map((octet) => Number.parseInt(octet, 16))
    .reverse()
    .join('.');
}

function prefixOf(hex: string): number {
  return Number.parseInt(hex, 16).toString(2).replaceAll('0', '').length;
}

/** @param signs what was found of the marks platforms leave. */
export function platformOf(signs: {
  env: Readonly<Record<string, string | undefined>>;
  dockerenv: boolean;
  containerenv: boolean;
}): Platform {
  if (signs.env.FLY_MACHINE_ID !== undefined) return 'fly';
  if (signs.env.KUBERNETES_SERVICE_HOST !== undefined) return 'kubernetes';
  // Its own tmpfs at /run hides that file from a container with a read-only root.
  if (signs.containerenv || signs.env.container === 'podman') return 'podman';
  return signs.dockerenv ? 'docker' : 'unknown';
}

/** @param table passwd(5) or group(5): the third field is the number. */
export function idsIn(table: string | null): number[] {
  return (table ?? '').split('\n').flatMap((line) => {
    const id = line.split(':')[2] ?? '';
    return /^[0-9]{1,10}$/.test(id) ? [Number(id)] : [];
  });
}
