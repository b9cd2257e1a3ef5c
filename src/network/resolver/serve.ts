import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer } from 'node:net';
import { converse } from './converse.ts';
import type { Reply, Resolver } from './parts.ts';

const mostClients = 256;

/** Octets of queries that may wait for us; the kernel grants what its limit for every user allows. */
const receiveBuffer = 4 * 1024 * 1024;

/** Serves the resolver on sockets somebody else bound: descriptors of a UDP and of a TCP socket. */
export async function serve(resolver: Resolver, descriptors: { udp: number; tcp: number }): Promise<void> {
  // A client's address is no name: without this every answer would wait a turn for its look-up.
  const datagrams = createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) });
  datagrams.on('listening', () => datagrams.setRecvBufferSize(receiveBuffer));
  datagrams.on('message', (bytes, peer) => {
    try {
      const answer = resolver.answer(bytes, 'datagram');
      if (answer instanceof Promise) answer.then((late) => reply(late, peer)).catch(noAnswer);
      else reply(answer, peer);
    } catch {
      noAnswer();
    }
  });
  const reply = (answer: Reply, { port, address }: RemoteInfo) => {
    if (answer !== null) datagrams.send(answer, port, address);
  };
  const streams = createServer({ allowHalfOpen: true }, (socket) => converse(resolver, socket));
  streams.maxConnections = mostClients;
  await Promise.all([
    new Promise<void>((done) => datagrams.bind({ fd: descriptors.udp }, done)),
    new Promise<void>((done) => streams.listen({ fd: descriptors.tcp }, done)),
  ]);
  datagrams.on('error', noAnswer);
}

/** A query that can be read but not answered gets silence: it must not take the resolver down with it. */
function noAnswer(): void {}
