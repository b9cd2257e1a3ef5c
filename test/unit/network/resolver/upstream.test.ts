import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import Packet from 'dns2/packet';
import { afterEach, describe, expect, test } from 'vitest';
import { frame, Unframer } from '../../../../src/network/resolver/framing.ts';
import { makeUpstream } from '../../../../src/network/resolver/upstream.ts';
import { types, upstream } from './dns.ts';

const open: (Socket | Server)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

type Reply = (id: number, name: string) => Buffer[];

/** A small name server on loopback: it answers each datagram with what `reply` says. */
async function serve(
  address: string,
  port: number,
  reply: Reply,
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  open.push(socket);
  socket.on('message', (bytes, peer) => {
    const { header, questions } = Packet.parse(bytes);
    const name = questions[0]?.name ?? '';
    asked.push(name);
    for (const answer of reply(header.id, name)) socket.send(answer, peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  return { port: socket.address().port, asked };
}

async function serveStream(port: number, reply: Reply): Promise<void> {
  const server = createServer((socket) => {
    const unframer = new Unframer();
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of unframer.push(chunk)) {
        const { header, questions } = Packet.parse(bytes);
        for (const answer of reply(header.id, questions[0]?.name ?? '')) socket.write(frame(answer));
      }
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

const good =
  (address: string): Reply =>
  (id, name) => [upstream(name, [{ name, type: types.A, address }], { id })];
const silent: Reply = () => [];

describe('the upstream', () => {
  test('is asked for what is wanted, and its answer is taken', async () => {
    const { port, asked } = await serve('127.0.0.1', 0, good('203.0.113.1'));
    const answer = await makeUpstream(['127.0.0.1'], port)('github.com');
    expect(answer).toEqual({ rcode: 0, addresses: ['203.0.113.1'], ttl: 60 });
    expect(asked).toEqual(['github.com']);
  });

  test('that is silent is passed over for the next', async () => {
    const { port } = await serve('127.0.0.1', 0, silent);
    await serve('127.0.0.2', port, good('203.0.113.2'));
    expect((await makeUpstream(['127.0.0.1', '127.0.0.2'], port)('github.com')).addresses).toEqual([
      '203.0.113.2',
    ]);
  });

  test('whose port is closed is passed over at once', async () => {
    const { port } = await serve('127.0.0.2', 0, good('203.0.113.2'));
    const start = Date.now();
    await makeUpstream(['127.0.0.1', '127.0.0.2'], port)('github.com');
    expect(Date.now() - start).toBeLessThan(700);
  });

  test('in whose place another answers, with a guessed id or another question, is waited for', async () => {
    const { port } = await serve('127.0.0.1', 0, (id, name) => [
      ...good('203.0.113.66')((id + 1) & 0xffff, name),
      ...good('203.0.113.66')(id, 'evil.test'),
      Buffer.from('noise'),
      ...good('203.0.113.1')(id, name),
    ]);
    expect((await makeUpstream(['127.0.0.1'], port)('github.com')).addresses).toEqual(['203.0.113.1']);
  });

  test('whose answer was cut off is asked again over TCP', async () => {
    const { port } = await serve('127.0.0.1', 0, (id, name) => [upstream(name, [], { id, tc: 1 })]);
    await serveStream(port, good('203.0.113.9'));
    expect((await makeUpstream(['127.0.0.1'], port)('github.com')).addresses).toEqual(['203.0.113.9']);
  });

  test('when none answers, the failure says for which name', async () => {
    await expect(makeUpstream([], 53)('github.com')).rejects.toThrow('no upstream answered for github.com');
  });
});
