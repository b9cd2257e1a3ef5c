import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import Packet from 'dns2/packet';
import { frame, Unframer } from './framing.ts';
import { fitDatagram } from './message.ts';
import type { Resolver } from './resolver.ts';

/** Milliseconds a TCP client may be silent. */
const idle = 10_000;
const mostClients = 256;

/** Serves the resolver on sockets somebody else bound: descriptors of a UDP and of a TCP socket. */
export async function serve(resolver: Resolver, descriptors: { udp: number; tcp: number }): Promise<void> {
  const datagrams = createSocket('udp4');
  datagrams.on('message', (bytes, peer) => {
    const reply = (answer: Buffer | null) => {
      if (answer !== null) datagrams.send(fitDatagram(Packet.parse(bytes), answer), peer.port, peer.address);
    };
    resolver.answer(bytes).then(reply).catch(noAnswer);
  });
  const streams = createServer((socket) => converse(resolver, socket));
  streams.maxConnections = mostClients;
  await Promise.all([
    new Promise<void>((done) => datagrams.bind({ fd: descriptors.udp }, done)),
    new Promise<void>((done) => streams.listen({ fd: descriptors.tcp }, done)),
  ]);
  datagrams.on('error', () => {});
}

/** A query that can be read but not answered gets silence: it must not take the resolver down with it. */
function noAnswer(): void {}

function converse(resolver: Resolver, socket: Socket): void {
  const unframer = new Unframer();
  socket.setTimeout(idle, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    for (const bytes of unframer.push(chunk)) {
      const reply = (answer: Buffer | null) => {
        if (answer === null) socket.destroy();
        else if (socket.writable) socket.write(frame(answer));
      };
      resolver
        .answer(bytes)
        .then(reply)
        .catch(() => socket.destroy());
    }
  });
}
