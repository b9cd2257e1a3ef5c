import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { neverOpened } from './never-opened.ts';
import { broadcastsOf, mustRange, type Range } from './range.ts';

/** IPv4 ranges no public name may answer with (RFC 6890), unless the operator allows it. */
const special = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
];

/** Judges whether an answer's IPv4 address may be dialled. */
export type AddressJudge = (address: string) => boolean;

/** Where the box stands: what it may never dial depends on it. */
export interface Surroundings {
  /** Ranges of the routes this container is directly connected to: its neighbours. */
  readonly connected: readonly Range[];
  /** The box's own addresses. */
  readonly local: readonly Range[];
}

/** @param options.allowed ranges the operator lets allowed names answer with although they are special. */
export function makeAddressJudge(
  options: Surroundings & { readonly allowed: readonly Range[] },
): AddressJudge {
  const refused = listOf([...special.map((text) => mustRange(text)), ...options.connected]);
  const never = listOf(closedRanges(options));
  // A block list takes IPv6 ranges to hold mapped IPv4 addresses: ::/0 would allow everything.
  const allowed = listOf(options.allowed.filter(({ family }) => family === 'ipv4'));
  return (address) =>
    isIPv4(address) &&
    !never.check(address, 'ipv4') &&
    (allowed.check(address, 'ipv4') || !refused.check(address, 'ipv4'));
}

/** Judges what the operator himself has named: anything but what nothing opens. */
export function makeOpenJudge(around: Surroundings): AddressJudge {
  const never = listOf(closedRanges(around));
  return (address) => isIPv4(address) && !never.check(address, 'ipv4');
}

/** @returns whether all of the range is what nothing opens: who allows it has allowed nothing. */
export function isNeverOpened(range: Range, around: Surroundings = { connected: [], local: [] }): boolean {
  return closedRanges(around).some(
    (closed) => bitsOf(range) >= bitsOf(closed) && listOf([closed]).check(range.base, range.family),
  );
}

/** An IPv4 range is the same length as mapped IPv6, and a block list finds one form by the other. */
function bitsOf({ prefix, family }: Range): number {
  return family === 'ipv4' ? prefix + 96 : prefix;
}

/** @returns what nothing opens for a box that stands there. */
export function closedRanges({ connected, local }: Surroundings): Range[] {
  return [...neverOpened.map((text) => mustRange(text)), ...connected.flatMap(broadcastsOf), ...local];
}

/** @returns the range without public addresses that holds the address: what allows it, or null where nothing does. */
export function specialRangeOf(address: string): string | null {
  const ranges = special.map((text) => ({ text, range: mustRange(text) }));
  const found = ranges.find(({ range }) => isIPv4(address) && listOf([range]).check(address, 'ipv4'));
  return found === undefined || isNeverOpened(mustRange(address)) ? null : found.text;
}

const loopback = [
  '127.0.0.0/8',
  '0.0.0.0/8',
  '::1/128',
  '::/128',
  '::ffff:127.0.0.0/104',
  '::ffff:0.0.0.0/104',
];

/** @returns whether a literal address, in any spelling, leads back to this very container. */
export function isLoopback(address: string): boolean {
  return isIn(loopback, address);
}

/** @returns whether a literal address names no single host: unspecified, multicast, broadcast or reserved. */
export function isNoHost(address: string): boolean {
  return isIn(['0.0.0.0/8', '224.0.0.0/3', '::/128', 'ff00::/8'], address);
}

function isIn(ranges: readonly string[], address: string): boolean {
  return listOf(ranges.map((text) => mustRange(text))).check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** @returns what finds an address in any of the ranges. */
export function listOf(ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) list.addSubnet(range.base, range.prefix, range.family);
  return list;
}
