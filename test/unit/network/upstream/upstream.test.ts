import { createSocket, type Socket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import Packet from 'dns2/packet';
import { afterEach, describe, expect, test } from 'vitest';
import { frame, Unframer } from '../../../../src/network/framing.ts';
import { makeUpstream } from '../../../../src/network/upstream/upstream.ts';
import { types, upstream } from '../resolver/dns.ts';

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

/** Nobody else has connections from there, which would hold the port that the datagrams were given. */
const streamAddress = '127.0.0.9';

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
  await new Promise<void>((resolve) => server.listen(port, streamAddress, resolve));
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
    expect(asked.map((name) => name.toLowerCase())).toEqual(['github.com']);
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
    const { port } = await serve('127.0.0.9', 0, (id, name) => [upstream(name, [], { id, tc: 1 })]);
    await serveStream(port, good('203.0.113.9'));
    expect((await makeUpstream(['127.0.0.9'], port)('github.com')).addresses).toEqual(['203.0.113.9']);
  });

  test('is asked in a casing of chance, and one that loses it is asked over TCP', async () => {
    const { port, asked } = await serve('127.0.0.9', 0, (id, name) =>
      good('203.0.113.66')(id, name.toLowerCase()),
    );
    await serveStream(port, (id, name) => good('203.0.113.9')(id, name.toLowerCase()));
    const name = 'a-long-name-with-many-letters.example.com';
    expect((await makeUpstream(['127.0.0.9'], port)(name)).addresses).toEqual(['203.0.113.9']);
    expect(asked[0]).not.toBe(name);
  });

  test.each([
    ['fails', 2],
    ['refuses', 5],
  ])('that %s makes room for the next at once, and is not thought ill of', async (_, rcode) => {
    const { port, asked } = await serve('127.0.0.1', 0, (id, name) => [upstream(name, [], { id, rcode })]);
    await serve('127.0.0.2', port, good('203.0.113.2'));
    const ask = makeUpstream(['127.0.0.1', '127.0.0.2'], port);
    const start = performance.now();
    expect((await ask('github.com')).addresses).toEqual(['203.0.113.2']);
    expect(performance.now() - start).toBeLessThan(200);
    await ask('github.com');
    expect(asked).toHaveLength(2);
  });

  test('that fails as all do is believed in the end', async () => {
    const { port } = await serve('127.0.0.1', 0, (id, name) => [upstream(name, [], { id, rcode: 2 })]);
    expect(await makeUpstream(['127.0.0.1'], port)('github.com')).toMatchObject({ rcode: 2 });
  });

  test('that is slow may still win; the next is asked meanwhile', async () => {
    const slow = createSocket('udp4');
    open.push(slow);
    slow.on('message', (bytes, peer) => {
      const { header, questions } = Packet.parse(bytes);
      const [answer] = good('203.0.113.1')(header.id, questions[0]?.name ?? '');
      setTimeout(() => slow.send(answer ?? '', peer.port, peer.address), 500);
    });
    await new Promise<void>((resolve) => slow.bind(0, '127.0.0.1', resolve));
    const { port } = slow.address();
    const { asked } = await serve('127.0.0.2', port, silent);
    const answer = await makeUpstream(['127.0.0.1', '127.0.0.2'], port)('github.com');
    expect(answer.addresses).toEqual(['203.0.113.1']);
    expect(asked).toHaveLength(1);
  });

  test('that was silent is asked last for a while', async () => {
    const { port, asked } = await serve('127.0.0.1', 0, silent);
    await serve('127.0.0.2', port, good('203.0.113.2'));
    const ask = makeUpstream(['127.0.0.1', '127.0.0.2'], port);
    await ask('github.com');
    const start = performance.now();
    await ask('api.github.com');
    expect(performance.now() - start).toBeLessThan(200);
    expect(asked).toHaveLength(1);
  });

  test('that loses a datagram is asked again', async () => {
    let count = 0;
    const { port } = await serve('127.0.0.1', 0, (id, name) =>
      count++ === 0 ? [] : good('203.0.113.1')(id, name),
    );
    expect((await makeUpstream(['127.0.0.1'], port)('github.com')).addresses).toEqual(['203.0.113.1']);
  });

  test('is asked for a thousand names at once with a bounded number of sockets, none of which stays open', async () => {
    const { port, asked } = await serve('127.0.0.1', 0, good('203.0.113.1'));
    const ask = makeUpstream(['127.0.0.1'], port);
    let most = 0;
    const sockets = () => readdirSync('/proc/self/fd').length;
    const before = sockets();
    const counting = setInterval(() => {
      most = Math.max(most, sockets() - before);
    }, 1);
    await Promise.all(Array.from({ length: 1000 }, (_, index) => ask(`n${index}.example.com`)));
    clearInterval(counting);
    // Asked again, where the machine is slow, a name comes in another casing.
    expect(new Set(asked.map((name) => name.toLowerCase())).size).toBe(1000);
    expect(most).toBeLessThan(300);
    await new Promise((resolve) => void setTimeout(resolve, 50));
    expect(sockets() - before).toBeLessThan(5);
  });

  test('when all are silent, the failure comes in four seconds', async () => {
    const { port } = await serve('127.0.0.1', 0, silent);
    const start = performance.now();
    await expect(makeUpstream(['127.0.0.1'], port)('github.com')).rejects.toThrow('no upstream answered');
    expect(performance.now() - start).toBeGreaterThan(3900);
  });

  test('when each one’s port is closed, the failure comes at once', async () => {
    const { port } = await serve('127.0.0.1', 0, silent);
    for (const one of open.splice(0)) one.close();
    const start = performance.now();
    await expect(makeUpstream(['127.0.0.1', '127.0.0.2'], port)('github.com')).rejects.toThrow();
    // Nobody's silence was waited for.
    expect(performance.now() - start).toBeLessThan(3900);
  });

  test('when none answers, the failure says for which name', async () => {
    await expect(makeUpstream([], 53)('github.com')).rejects.toThrow('no upstream answered for github.com');
  });
});
