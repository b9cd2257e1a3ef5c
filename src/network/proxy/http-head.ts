import { normaliseName } from '../../policy/host-name.ts';
import type { Reason } from '../../policy/refusal.ts';

/** A request head as Node parsed it: names and values in turn, nothing joined or dropped. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/** What is sent on: the same request, without what concerns this one connection alone. */
export interface ParsedHead {
  readonly name: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** It offered to go on in another protocol, which is not sent on. */
  readonly offers: boolean;
}

/** Headers of one hop: RFC 9110, 7.6.1. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
];
/** Headers that say where the body ends or who is meant: no Connection header takes them away. */
const lasting = new Set(['host', 'content-length', 'transfer-encoding']);

/**
 * Protocols that a client offers and does without where they are not taken up: HTTP/2 (RFC 7540, 3.2) and TLS (RFC 2817).
 * A WebSocket is none of them: its request means nothing without the upgrade.
 */
const offered = /^(h2c|HTTP\/2\.0|TLS\/1\.[0-3])$/i;

/** Why a request can't be sent on. `name` is what it asked for, as far as that is a name. */
export interface Unfit {
  readonly reason: Reason;
  readonly name: string | null;
}

/** Parses who a request is for and what of it is sent on, or why it can't be judged. `port` is what was dialled. */
export function parseHead(head: RequestHead, port: number): ParsedHead | Unfit {
  const [host, ...others] = valuesOf(head.rawHeaders, 'host');
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0') return { reason: 'not-http', name: null };
  if (host === undefined || host === '' || others.length > 0) return { reason: 'no-host', name: null };
  const authority = parseAuthority(host);
  if (authority === null) return { reason: 'not-a-name', name: null };
  const { name } = authority;
  if ((authority.port ?? port) !== port) return { reason: 'port-not-allowed', name };
  const upgrades = valuesOf(head.rawHeaders, 'upgrade');
  if (head.method === 'CONNECT' || !upgrades.every(isMereOffer)) return { reason: 'bad-method', name };
  const path = parseTarget(head, name, port);
  if (path === null)
    return { reason: /^[a-z][a-z0-9+.-]*:/i.test(head.url) ? 'bad-method' : 'not-http', name };
  const [coding = 'chunked', ...more] = valuesOf(head.rawHeaders, 'transfer-encoding');
  if (coding.toLowerCase() !== 'chunked' || more.length > 0) return { reason: 'not-http', name };
  const sentHost = authority.port === null ? name : `${name}:${port}`;
  const headers = withHost(dropHopByHop(head.rawHeaders), sentHost);
  return { name, path, headers, offers: upgrades.length > 0 };
}

/** @returns headers without those that concern one hop, among them all that Connection names. */
export function dropHopByHop(rawHeaders: readonly string[]): readonly string[] {
  const named = valuesOf(rawHeaders, 'connection').flatMap((value) => value.toLowerCase().split(','));
  const dropped = new Set([
    ...hopByHop,
    ...named.map((word) => word.trim()).filter((word) => !lasting.has(word)),
  ]);
  return pairsOf(rawHeaders)
    .filter(([name]) => !dropped.has(name.toLowerCase()))
    .flat();
}

/** Blanks around a value are spaces and tabs alone: what else JavaScript trims would be part of a name. */
export function valuesOf(rawHeaders: readonly string[], wanted: string): readonly string[] {
  return pairsOf(rawHeaders)
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ''));
}

function isMereOffer(upgrade: string): boolean {
  return upgrade.split(',').every((protocol) => offered.test(protocol.replace(/^[ \t]+|[ \t]+$/g, '')));
}

function pairsOf(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    pairs.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return pairs;
}

function parseAuthority(text: string): { name: string; port: number | null } | null {
  const match = /^([\x21-\x39\x3b-\x7e]{1,254})(?::([0-9]{1,5}))?$/.exec(text);
  const name = normaliseName(match?.[1] ?? '');
  return name === null ? null : { name, port: match?.[2] === undefined ? null : Number(match[2]) };
}

/** @returns the path to ask that host for, or null where the request is for another host, or for none. */
function parseTarget({ method, url }: RequestHead, name: string, port: number): string | null {
  if (!/^[\x21-\x7e\x80-\xff]+$/.test(url)) return null;
  if (url.startsWith('/') || (url === '*' && method === 'OPTIONS')) return url;
  const match = /^http:\/\/([^/?#@]+)([/?].*)?$/i.exec(url);
  const authority = parseAuthority(match?.[1] ?? '');
  if (authority === null || authority.name !== name || (authority.port ?? port) !== port) return null;
  const path = match?.[2] ?? '/';
  return path.startsWith('/') ? path : `/${path}`;
}

/** The name that was judged is the name that is sent, in the very same spelling. */
function withHost(headers: readonly string[], host: string): readonly string[] {
  return pairsOf(headers).flatMap(([name, value]) => [name, name.toLowerCase() === 'host' ? host : value]);
}
