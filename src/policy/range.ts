import { isIPv4, isIPv6 } from 'node:net';

/** An address range in CIDR form: base address, prefix length in bits, family. */
export interface Range {
  readonly base: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** @param text `10.0.0.0/8`, `fd00::/8` or a single address.  @returns the range, or null if it is none. */
export function parseRange(text: string): Range | null {
  const [base = '', digits, more] = text.split('/');
  const family = isIPv4(base) ? 'ipv4' : isIPv6(base) ? 'ipv6' : null;
  if (family === null || more !== undefined) return null;
  const bits = family === 'ipv4' ? 32 : 128;
  if (digits === undefined) return { base, prefix: bits, family };
  if (!/^[0-9]{1,3}$/.test(digits) || Number(digits) > bits) return null;
  return { base, prefix: Number(digits), family };
}

/** @returns the range that a text of ours stands for. */
export function mustRange(text: string): Range {
  const range = parseRange(text);
  if (range === null) throw new TypeError(`${text} is no range`);
  return range;
}

/** @returns the first and the last address of an IPv4 network: both are broadcast. None where there is no room for them. */
export function broadcastsOf({ base, prefix, family }: Range): Range[] {
  if (family !== 'ipv4' || prefix > 30) return [];
  const size = 2 ** (32 - prefix);
  const first = Math.floor(numberOf(base) / size) * size;
  return [first, first + size - 1].map((each) => ({ base: textOf(each), prefix: 32, family }));
}

/** @returns the first address a host of the IPv4 network may have: engines give it to the gateway. None where there is no room. */
export function firstHostOf(range: Range): string | null {
  const [network] = broadcastsOf(range);
  return network === undefined ? null : textOf(numberOf(network.base) + 1);
}

/** @returns the last address a host of the IPv4 network may have. None where there is no room. */
export function lastHostOf(range: Range): string | null {
  const [, broadcast] = broadcastsOf(range);
  return broadcast === undefined ? null : textOf(numberOf(broadcast.base) - 1);
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
