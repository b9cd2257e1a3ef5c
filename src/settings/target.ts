import { normaliseName } from '../policy/host-name.ts';
import type { Target } from '../policy/outbound-target.ts';

/** A target, and what its URL says of the account. */
export type Parsed = Target & { readonly authorization: string | null };

/**
 * Parses where the box itself is to send. A URL may hold a credential: what is wrong with it is said without it.
 * @returns the target, or what is wrong.
 */
export function parseTarget(text: string): Parsed | string {
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return 'is no https URL';
  const url = new URL(text);
  if (url.hash !== '') return 'has a fragment';
  const name = normaliseName(url.hostname);
  if (name === null) return 'has no host name; a name can be proven on the wire, an address can not';
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if (port === 53 || port === 0) return `has the port ${port}, which can't be opened`;
  const account = [url.username, url.password].map(decode);
  if (account.includes(null)) return 'has an account that is not well encoded';
  const authorization = url.username === '' && url.password === '' ? null : basic(account.join(':'));
  return { name, port, secure, path: `${url.pathname}${url.search}`, authorization };
}

export function basic(account: string): string {
  return `Basic ${Buffer.from(account).toString('base64')}`;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
