import { createSocket } from 'node:dgram';
import { Resolver, resolve4 } from 'node:dns/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { proofAddresses, proofName } from '../../core/finding.ts';
import { Paths } from '../../core/paths.ts';
import { parseState } from '../../core/state.ts';
import type { Host } from '../../host/host.ts';
import { type Checks, codeOf, refused, type Verdict } from './verdict.ts';

/** Ports that are tried where the wall itself refuses; on a port of the list it is the guard that does. */
const unguarded = [853, 8080, 22, 25];
const goodName = 'api.anthropic.com';
const patience = 2000;
const byTheWall = ['ECONNREFUSED', 'EHOSTUNREACH', 'EACCES', 'EPERM'];

/** What leaves the box. */
export const egressChecks: Checks = {
  'a denied name does not resolve': () =>
    unlessCutOff(() => refused(() => resolve4(proofName), ['ENOTFOUND'])),
  'another resolver than the box’s own is not reached': () => {
    const elsewhere = new Resolver({ timeout: patience, tries: 1 });
    elsewhere.setServers([proofAddresses.ipv4]);
    // Redirected to the box's own, which denies the name; with nothing in between it would stay silent.
    return unlessCutOff(() => refused(() => elsewhere.resolve4(proofName), ['ENOTFOUND']));
  },
  'an address outside the list is refused at once over IPv4': (host) =>
    refused(() => dial(proofAddresses.ipv4, unguardedPort(host)), byTheWall),
  'an address outside the list is refused at once over IPv6': () =>
    refused(
      () => dial(proofAddresses.ipv6, 443),
      [...byTheWall, 'ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'],
    ),
  'a datagram outside the list is refused at once': () =>
    refused(() => send(proofAddresses.ipv4, 443), byTheWall),
  'a name outside the list is refused on the wire, whatever the address': () =>
    refused(
      () => shakeHands(proofAddresses.ipv4, proofName),
      ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', 'ECONNRESET', 'ECONNREFUSED'],
    ),
  'an allowed name is reached': reachGoodName,
};

/** Without a route nothing is redirected either, and resolvers have no word of their own for that. */
async function unlessCutOff(attack: () => Promise<Verdict>): Promise<Verdict> {
  const verdict = await attack();
  if (verdict.verdict !== 'unknown') return verdict;
  const code = await dial(proofAddresses.ipv4, 9).then(() => '', codeOf);
  return code === 'ENETUNREACH' ? { ...verdict, detail: code } : verdict;
}

/** Without this one every refusal above could be a network that is down. */
async function reachGoodName(): Promise<Verdict> {
  try {
    const [address = ''] = await resolve4(goodName);
    await shakeHands(address, goodName);
    return { verdict: 'holds', detail: goodName };
  } catch (error) {
    return { verdict: 'unknown', detail: `${goodName}: ${codeOf(error)}` };
  }
}

function unguardedPort(host: Host): number {
  const guarded = parseState(host.files.readIfAny(Paths.state))?.firewall.guarded ?? [];
  return unguarded.find((candidate) => !guarded.includes(candidate)) ?? 9;
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
    socket.on('connect', () => socket.send('proof'));
    socket.connect(port, host);
  });
}

function silence(socket?: { destroy(): void }): Error {
  socket?.destroy();
  return Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
}
