import { isIP } from 'node:net';
import { type Failure, isHostName, type Reason, type Refusal, reasonTexts, troubleTexts } from './refusal.ts';

/** What helps where no rule of the allowlist would. For the operator; nothing here leads round the firewall. */
const adviceTexts: Readonly<Record<Reason, string>> = {
  'name-not-allowed':
    'no rule can be written for this name; a service beside the box is named by NEIGHBOURS=name:port from the next start on',
  'port-not-allowed': 'no rule can be written for this port',
  'not-a-name': 'no rule can allow what is no host name',
  'inside-address':
    'ALLOW_PRIVATE says which such ranges allowed names may answer with, from the next start on',
  'not-beside':
    'a neighbour is reached on a network that both are connected to; the machine itself as host.docker.internal',
  'too-many-names': 'a rule for each exact name that is needed does not share the limit',
  'no-name': 'use a client that names its host, or a rule name:port/tcp',
  'hidden-name':
    'switch encrypted ClientHello off in the client; a rule `name ech` lets it through (docs/network.md, "Browsers")',
  'not-tls': 'a protocol other than TLS needs a rule name:port/tcp',
  'not-http': 'a protocol other than HTTP needs a rule name:port/tcp',
  'no-host': 'send one Host header',
  'bad-method': 'send the request to its host itself, not as to a proxy',
  'no-such-address': 'rules are written for names: connect by an allowed name',
  'too-large': 'no rule changes this limit',
  'no-rule': 'rules are written for names: connect by an allowed name',
};

const things: Readonly<Record<Refusal['via'], string>> = {
  dns: 'a DNS query',
  tls: 'a TLS connection',
  http: 'an HTTP request',
  tcp: 'a TCP connection',
  firewall: 'a packet',
};

/** @returns one line of printable ASCII: what was refused, how often, and why. */
export function describeRefusal(refusal: Refusal & { readonly protocol?: string }, count = 1): string {
  return `${describePlace(refusal)} refused${times(count)}: ${reasonTexts[refusal.reason]}`;
}

/** @returns one line of printable ASCII: what failed although it was allowed, how often, and why. */
export function describeFailure(failure: Failure, count = 1): string {
  const detail = failure.detail.slice(0, 200).replace(/[^\x20-\x7e]/g, '?');
  const why = `${troubleTexts[failure.trouble]}${detail === '' ? '' : ` (${detail})`}`;
  return `${describePlace({ address: null, ...failure })} failed${times(count)}: ${why}`;
}

/** @returns what an operator would do about it, where no rule helps: one clause. */
export function adviceOf(reason: Reason): string {
  return adviceTexts[reason];
}

/** A place to go; `protocol` where the kernel's firewall saw it. */
type Place = Pick<Refusal, 'via' | 'name' | 'address' | 'port'> & { readonly protocol?: string };

/** @returns where it was to go. What is no valid host name or address is left out, never shown. */
export function describePlace({ via, name, address, port, protocol = 'tcp' }: Place): string {
  const behind = `${port === null ? '' : `:${port}`}${protocol === 'tcp' ? '' : `/${protocol}`}`;
  if (isHostName(name)) return `${name}${behind}`;
  const family = isIP(address ?? '');
  if (family !== 0) return `${family === 6 ? `[${address}]` : address}${behind}`;
  return port === null ? things[via] : `${things[via]} to port ${port}`;
}

function times(count: number): string {
  return count === 1 ? '' : ` ${count} times`;
}
