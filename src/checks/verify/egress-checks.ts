import { createSocket } from 'node:dgram';
import { resolve4 } from 'node:dns/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ownAddress } from '../../core/own-address.ts';
import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { parseState } from '../../state/box-state.ts';
import { selfTestAddresses, selfTestName } from '../protocol.ts';
import { askDenied } from './ask-denied.ts';
import { type Checks, type CheckVerdict, codeOf, refused } from './verdict.ts';

/** Ports that are tried where the firewall itself refuses; on a port of the list it is the proxy that does. */
const unproxied = [853, 8080, 22, 25];
const goodName = 'api.anthropic.com';
const patience = 2000;
/** By a reset to a connection, and to a datagram by an ICMP error. */
const byTheFirewall = ['ECONNREFUSED', 'EHOSTUNREACH', 'EACCES'];
/** Its alert: a connection that is only reset never came to it. */
const byTheProxy = ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME'];
const noIPv6 = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** What leaves the box. */
export const egressChecks: Checks = {
  'a denied name does not resolve': (host) =>
    unlessCutOff(() => askDenied(nameserver(host), selfTestName, patience)),
  // Redirected to the box's own, which denies the name, or refused where nothing can be redirected; with nothing in
  // between it would stay silent.
  'another resolver than the box’s own is not reached': (host) =>
    parseState(host.files.readIfAny(Paths.state))?.firewall.byAddress === true
      ? refused(() => send(selfTestAddresses.ipv4, 53), byTheFirewall)
      : unlessCutOff(() => askDenied(selfTestAddresses.ipv4, selfTestName, patience)),
  'an address outside the list is refused at once over IPv4': (host) =>
    refused(() => dial(selfTestAddresses.ipv4, unproxiedPort(host)), ['ECONNREFUSED']),
  'an address outside the list is refused at once over IPv6': () =>
    refused(() => dial(selfTestAddresses.ipv6, 443), ['ECONNREFUSED', ...noIPv6]),
  'a datagram outside the list is refused at once': () =>
    refused(() => send(selfTestAddresses.ipv4, 443), byTheFirewall),
  'a name outside the list is refused on the wire, whatever the address': (host) =>
    refused(
      () => shakeHands(selfTestAddresses.ipv4, selfTestName),
      isProxied(host, 443) ? byTheProxy : byTheFirewall,
    ),
  'an allowed name is reached': reachGoodName,
};

/** Without a route nothing is redirected either, and resolvers have no word of their own for that. */
async function unlessCutOff(attack: () => Promise<CheckVerdict>): Promise<CheckVerdict> {
  const verdict = await attack();
  if (verdict.verdict !== 'unknown') return verdict;
  const code = await dial(selfTestAddresses.ipv4, 9).then(() => '', codeOf);
  return code === 'ENETUNREACH' ? { verdict: 'not tried', detail: code } : verdict;
}

/** Without this one every refusal above could be a network that is down. */
async function reachGoodName(): Promise<CheckVerdict> {
  try {
    const [address = ''] = await resolve4(goodName);
    await shakeHands(address, goodName);
    return { verdict: 'holds', detail: goodName };
  } catch (error) {
    return { verdict: 'unknown', detail: `${goodName}: ${codeOf(error)}` };
  }
}

function unproxiedPort(host: ShortHost): number {
  return unproxied.find((candidate) => !isProxied(host, candidate)) ?? 9;
}

function isProxied(host: ShortHost, port: number): boolean {
  return parseState(host.files.readIfAny(Paths.state))?.firewall.proxied.includes(port) ?? false;
}

/** Whom the agent's programs ask; where they are told nobody over IPv4, it is the box's own resolver. */
function nameserver(host: ShortHost): string {
  const settings = host.files.readIfAny('/etc/resolv.conf') ?? '';
  return /^\s*nameserver\s+([0-9.]+)\s*$/m.exec(settings)?.[1] ?? ownAddress;
}

function dial(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: patience });
    socket.on('connect', () => resolve(void socket.destroy()));
    socket.on('error', reject);
    socket.on('timeout', () => reject(silence(socket)));
  });
}

/** Offers TLS; any answer but a refusal is somebody on the other side, whatever certificate it shows. */
function shakeHands(host: string, servername: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: 443, servername, timeout: patience });
    socket.on('secureConnect', () => resolve(void socket.destroy()));
    socket.on('error', (error) => (isCertificateFault(error) ? resolve() : reject(error)));
    socket.on('timeout', () => reject(silence(socket)));
  });
}

function isCertificateFault(error: Error): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(codeOf(error));
}

/** A datagram is refused by an ICMP error, which the next use of its socket brings. */
function send(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const settle = (done: () => void) => {
      clearTimeout(timer);
      socket.close();
      done();
    };
    const timer = setTimeout(() => settle(() => reject(silence())), patience);
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('message', () => settle(resolve));
    socket.on('connect', () => socket.send('self-test'));
    socket.connect(port, host);
  });
}

function silence(socket?: { destroy(): void }): Error {
  socket?.destroy();
  return Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
}
