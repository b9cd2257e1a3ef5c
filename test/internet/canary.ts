import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Journal } from './journal.ts';

/** One thing that reached a place where nothing may arrive. */
export interface Sighting {
  transport: 'tcp' | 'udp' | 'tls-name' | 'http-host';
  /** Address and port it was sent to; `*` where the kernel does not say. */
  local: string;
  port: number;
  peer: string;
  /** The name on the wire, for the two kinds that carry one. */
  name?: string;
  /** The first bytes, at most 256. */
  hex?: string;
  text?: string;
}

export const udpPorts = [53, 123, 443, 853, 4433] as const;

/**
 * Writes down a TCP connection and its first bytes, then hands the connection on unread.
 * The entry is there from the connection on: one that sends nothing has arrived as well.
 */
export function watchTcp(socket: Socket, journal: Journal<Sighting>, then: (socket: Socket) => void): void {
  const entry: Sighting = journal.add({
    transport: 'tcp',
    local: plainAddress(socket.localAddress),
    port: socket.localPort ?? 0,
    peer: plainAddress(socket.remoteAddress),
  });
  socket.on('error', () => socket.destroy());
  socket.once('data', (chunk: Buffer) => {
    Object.assign(entry, firstBytes(chunk));
    socket.pause();
    socket.unshift(chunk);
    then(socket);
  });
}

/** Listens without a word on every UDP port of `udpPorts`, on each address named. */
export async function watchUdp(addresses: readonly string[], journal: Journal<Sighting>): Promise<void> {
  const places = addresses.flatMap((address) => udpPorts.map((port) => ({ address, port })));
  for (const { address, port } of places) {
    const socket = createSocket({
      type: address.includes(':') ? 'udp6' : 'udp4',
      reuseAddr: true,
      ipv6Only: address.includes(':'),
    });
    const local = address === '0.0.0.0' || address === '::' ? '*' : address;
    socket.on('message', (message, peer) => {
      journal.add({
        transport: 'udp',
        local,
        port,
        peer: plainAddress(peer.address),
        ...firstBytes(message),
      });
    });
    socket.bind({ port, address, exclusive: true });
    await once(socket, 'listening');
  }
}

export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}

function firstBytes(chunk: Buffer): { hex: string; text: string } {
  const head = chunk.subarray(0, 256);
  return { hex: head.toString('hex'), text: head.toString('latin1').replace(/[^\x20-\x7e]/g, '.') };
}
