import { isIPv4 } from 'node:net';

/** Where a refusal or a failure was seen: in the resolver, on the wire by the proxy, or by the kernel's firewall. */
export type Via = 'dns' | 'tls' | 'http' | 'tcp' | 'firewall';

/** Why something was refused by policy, as a code: the words for it are `reasonText`'s. */
export const reasonTexts = {
  'name-not-allowed': 'the name is not on the allowlist',
  'port-not-allowed': 'the name is allowed, but not on this port',
  'not-a-name': 'it is no host name that DNS could carry',
  'inside-address': 'the name answers only with private or local addresses',
  'not-beside':
    "the neighbour's name answers only with addresses on no network of the box's, or with the gateway's",
  'too-many-names': 'too many new names below one wildcard',
  'no-name': 'the TLS handshake names no host (no SNI)',
  'hidden-name': 'the TLS handshake hides its name (encrypted ClientHello)',
  'not-tls': 'this port is for TLS, and the connection does not begin with a ClientHello',
  'not-http': 'this port is for plain HTTP, and this is no HTTP/1 request the proxy can judge',
  'no-host': 'the HTTP request names no host, or more than one',
  'bad-method':
    'a proxy request (CONNECT, an absolute URI of another host, an upgrade to a WebSocket) is not relayed',
  'no-such-address': 'the address belongs to no allowed name on this port',
  'too-large': 'the beginning of the connection is longer than any honest one',
  'no-rule': 'no rule opens this address, port or protocol',
} as const;
export type Reason = keyof typeof reasonTexts;

/** Why something allowed did not work all the same: nobody refused it. */
export const troubleTexts = {
  'upstream-silent': 'no upstream resolver answered',
  'upstream-failed': 'the upstream resolver answered with an error',
  'no-address': 'the name exists but has no IPv4 address',
  'no-such-name': 'the upstream resolver knows no such name',
  'pin-failed': 'the firewall could not be opened for the address',
  'dial-failed': 'the address could not be reached',
  'proxy-unreachable': 'the proxy of HTTPS_PROXY could not be reached',
  'proxy-authentication': 'the proxy of HTTPS_PROXY did not take its user and password',
  'proxy-refused': 'the proxy of HTTPS_PROXY did not connect',
  'said-nothing': 'the client opened the connection and did not say what it wants in time',
  overloaded: 'too many connections are open',
} as const;
export type Trouble = keyof typeof troubleTexts;

/**
 * What was refused. `name` is a host name in its normal ASCII form, or null where there was none that is one.
 * `address` and `port` are what the client dialled, where that is known.
 */
export interface Refusal {
  readonly via: Via;
  readonly reason: Reason;
  readonly name: string | null;
  readonly address: string | null;
  readonly port: number | null;
}

/** What was allowed and failed. `detail` is for the log alone: at most 200 printable ASCII characters. */
export interface Failure {
  readonly via: Via;
  readonly trouble: Trouble;
  readonly name: string | null;
  readonly port: number | null;
  readonly detail: string;
}

const vias: ReadonlySet<unknown> = new Set<Via>(['dns', 'tls', 'http', 'tcp', 'firewall']);
const hostName = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** @returns whether a text is a host name in its normal ASCII form: the only form a stranger's name is shown in. */
export function isHostName(text: unknown): text is string {
  return typeof text === 'string' && hostName.test(text);
}

/** Parses what a less trusted process says.  @returns the refusal, or null for anything of another shape. */
export function parseRefusal(value: unknown): Refusal | null {
  const { via, reason, name, address, port } = fieldsOf(value);
  if (!vias.has(via) || !Object.hasOwn(reasonTexts, String(reason)) || !isPlace(name, port)) return null;
  if (address !== null && !(typeof address === 'string' && isIPv4(address))) return null;
  return { via, reason, name, address, port } as Refusal;
}

/** @returns the failure, or null for anything of another shape; its detail is cut and made printable. */
export function parseFailure(value: unknown): Failure | null {
  const { via, trouble, name, port, detail } = fieldsOf(value);
  if (!vias.has(via) || !Object.hasOwn(troubleTexts, String(trouble)) || !isPlace(name, port)) return null;
  if (typeof detail !== 'string') return null;
  return { via, trouble, name, port, detail: detail.slice(0, 200).replace(/[^\x20-\x7e]/g, '?') } as Failure;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isPlace(name: unknown, port: unknown): boolean {
  const named = name === null || isHostName(name);
  return named && (port === null || (Number.isInteger(port) && Number(port) > 0 && Number(port) < 65536));
}
