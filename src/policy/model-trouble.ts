import { specialRangeOf } from './address-class.ts';
import { type Reason, reasonTexts, type Trouble, troubleTexts } from './refusal.ts';

/** Why a name came to no address that may be dialled. */
export interface Unresolved {
  readonly why: Reason | Trouble;
  /** One of the addresses it answered with, where policy struck them all. */
  readonly address: string | null;
}

/** @returns one sentence: that the model's host has no usable address, why, and what to do about it. */
export function describeModelTrouble(
  host: string,
  { why, address }: Unresolved,
  upstreams: readonly string[],
): string {
  const said = why in reasonTexts ? reasonTexts[why as Reason] : troubleTexts[why as Trouble];
  if (why.startsWith('proxy-'))
    return `the model's host ${host} can't be reached: ${said}; ${proxyRemedies[why]}`;
  return `the model's host ${host} has no usable address: ${said}${placeOf(why, address, upstreams)}; ${remedyFor(host, why, address)}`;
}

const proxyRemedies: Readonly<Record<string, string>> = {
  'proxy-unreachable': 'set HTTPS_PROXY to where a proxy answers',
  'proxy-authentication': 'set HTTPS_PROXY with an account of that proxy: http://user:password@host:port',
  'proxy-refused': 'have the proxy let this name through, or name it in NO_PROXY',
};

function placeOf(why: string, address: string | null, upstreams: readonly string[]): string {
  if (address !== null) return ` (${address})`;
  return why === 'name-not-allowed' ? '' : ` (asked: ${upstreams.join(', ')})`;
}

function remedyFor(host: string, why: string, address: string | null): string {
  if (why === 'name-not-allowed') return `\`cloister allow ${host}\``;
  if (why === 'pin-failed') return 'the log says why the firewall was not opened';
  if (why !== 'inside-address') return 'set DNS_UPSTREAM to a resolver that answers on this network';
  const range = address === null ? null : specialRangeOf(address);
  return range === null
    ? 'set DNS_UPSTREAM to a resolver that does not'
    : `set ALLOW_PRIVATE=${range} if it has to be reached there, or DNS_UPSTREAM to another resolver`;
}
