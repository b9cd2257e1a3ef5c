import { lastHostOf, type Range } from './range.ts';

/** The proxy that a company's network lets out through, and what does not need it. */
export interface UpstreamProxy {
  /** A host name in its normal form, or an IPv4 address. */
  readonly host: string;
  readonly port: number;
  /** The whole value of Proxy-Authorization, or null. */
  readonly authorization: string | null;
  /** Names in their normal form; each stands for all below it as well. `*` is every name. */
  readonly exempt: readonly string[];
}

/** @returns whether a name is asked of the proxy rather than of a resolver. */
export function goesThrough(proxy: UpstreamProxy | null, name: string): boolean {
  if (proxy === null) return false;
  return !proxy.exempt.some((one) => one === '*' || one === name || name.endsWith(`.${one}`));
}

/**
 * @param text a part of NO_PROXY: `example.org`, `.example.org` and `*.example.org` mean the same, a port is let be.
 * @returns the name; null where it is no name. Addresses and ranges are: the box dials names, so they exempt nothing.
 */
export function parseExemption(text: string): string | null {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^\*?\./, '')
    .replace(/:[0-9]{1,5}$/, '');
  return /^(\*|[a-z0-9_-]+(\.[a-z0-9_-]+)*(\/[0-9]{1,2})?|[0-9a-f:.]+(\/[0-9]{1,3})?)$/.test(bare)
    ? bare
    : null;
}

/**
 * What the agent is told in place of the address of a name that the proxy resolves: it has to dial something. The last
 * address of a connected network has a route even where nothing leads outside, belongs to nobody on the networks that
 * engines make, and is never dialled: the agent is led to the egress proxy, which goes by the name.
 */
export function standInFor(connected: readonly Range[], gateways: readonly string[]): string {
  const last = connected.map(lastHostOf).find((address) => address !== null && !gateways.includes(address));
  return last ?? gateways[0] ?? '198.18.0.1';
}
