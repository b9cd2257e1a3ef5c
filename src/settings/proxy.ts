import { isIPv4 } from 'node:net';
import { isLoopback, isNoHost } from '../policy/address-class.ts';
import { normaliseName } from '../policy/host-name.ts';
import type { UpstreamProxy } from '../policy/upstream-proxy.ts';
import type { Fault } from './fault.ts';
import type { Values } from './schema.ts';
import { type FoundSecret, setRemedy } from './secrets.ts';
import { basic } from './target.ts';

/** What the variables say; the URL as it was given is a secret as well. */
export type ProxySettings = UpstreamProxy & { readonly url: string };

const example = 'http://user:password@proxy.example.org:3128';

/**
 * The proxy that everything has to go through. Its URL may hold a credential: what is wrong with it is said without it.
 */
export function proxyOf(
  url: FoundSecret,
  { NO_PROXY: exempt = [], EGRESS_FALLBACK: fallback }: Pick<Values, 'NO_PROXY' | 'EGRESS_FALLBACK'>,
  faults: Fault[],
): ProxySettings | null {
  if (typeof url !== 'object') return null;
  if (fallback !== undefined) {
    const fault = 'stands beside HTTPS_PROXY; where nobody can be redirected, nobody can be led to the proxy';
    faults.push({ variable: 'EGRESS_FALLBACK', fault, remedy: 'Unset one of the two.' });
  }
  const parsed = parseProxy(url.value);
  if (typeof parsed !== 'string') return { ...parsed, url: url.value, exempt };
  faults.push({ variable: 'HTTPS_PROXY', fault: parsed, remedy: `${setRemedy('HTTPS_PROXY', example)}.` });
  return null;
}

function parseProxy(text: string): Omit<UpstreamProxy, 'exempt'> | string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!/^http:\/\//i.test(full))
    return 'is no http:// URL; a proxy is spoken to over plain HTTP, and within it TLS goes on';
  if (!URL.canParse(full)) return 'is no URL';
  const url = new URL(full);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'has a path';
  const host = isIPv4(url.hostname) ? url.hostname : normaliseName(url.hostname);
  if (host === null) return 'has no host name or IPv4 address';
  if (isIPv4(host) && (isLoopback(host) || isNoHost(host)))
    return "is on loopback, which is the box's own; the machine's is host.docker.internal";
  const port = url.port === '' ? 80 : Number(url.port);
  if (port === 53 || port === 0) return `has the port ${port}, which can't be opened`;
  const [user, password] = [decode(url.username), decode(url.password)];
  if (user === null || password === null) return 'has an account that is not well encoded';
  return { host, port, authorization: user === '' && password === '' ? null : basic(`${user}:${password}`) };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
