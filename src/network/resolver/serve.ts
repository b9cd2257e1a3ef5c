import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { largestDatagram } from '../dns-message.ts';
import type { Resolver } from './resolver-parts.ts';
import { converse } from './tcp-conversation.ts';

const mostClients = 256;
/** Octets of datagrams that may wait for us; the kernel grants what its limit for every user allows. */
const receiveBuffer = 4 * 1024 ** 2;

/** Descriptors of a UDP and of a TCP socket that somebody else bound. */
export interface Sockets {
  readonly descriptors: { readonly udp: number; readonly tcp: number };
}

/** Serves the resolver on both. */
export async function serve(resolver: Resolver, { descriptors }: Sockets): Promise<void> {
  const datagrams = createSocket({
    type: 'udp4',
    recvBufferSize: receiveBuffer,
    // Whoever asked has an address, never a name.
    lookup: (address, _, found) => found(null, address, 4),
  });
  serveDatagrams(resolver, datagrams);
  const streams = createServer({ allowHalfOpen: true }, (socket) => converse(resolver, socket));
  streams.maxConnections = mostClients;
  await Promise.all([
    new Promise<void>((done) => datagrams.bind({ fd: descriptors.udp }, done)),
    new Promise<void>((done) => streams.listen({ fd: descriptors.tcp }, done)),
  ]);
}

/** Answers what comes; what can't be answered gets silence, and must not take the resolver down with it. */
export function serveDatagrams(
  { answer }: Pick<Resolver, 'answer'>,
  socket: Pick<Socket, 'on' | 'send'>,
): void {
  const reply = (octets: Buffer | null, { address, port }: RemoteInfo) => {
    if (octets === null || octets.length > largestDatagram) return;
    // What the kernel does not take is lost, as in a full queue: who asked asks again.
    socket.send(octets, port, address, () => {});
  };
  const take = async (query: Buffer, from: RemoteInfo) => {
    if (query.length > largestDatagram) return;
    const found = answer(query, 'datagram');
    reply(found instanceof Promise ? await found : found, from);
  };
  socket.on('message', (query, from) => void take(query, from).catch(() => {}));
  socket.on('error', () => {});
}
