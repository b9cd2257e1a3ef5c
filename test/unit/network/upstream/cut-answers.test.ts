import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import Packet from 'dns2/packet';
import { afterEach, describe, expect, test } from 'vitest';
import { frame, Unframer } from '../../../../src/network/framing.ts';
import { makeResolver } from '../../../../src/network/resolver/resolver.ts';
import { makeUpstream } from '../../../../src/network/upstream/upstream.ts';
import { makeAllowlist } from '../../../../src/policy/allowlist.ts';
import { parseRules } from '../../../../src/policy/parse-rules.ts';
import { types, upstream } from '../resolver/dns.ts';

const address = '127.0.0.10';
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const cut = (id: number, name: string) =>
  upstream(name, [{ name, type: types.A, address: '203.0.113.66' }], { id, tc: 1 });
const whole = (id: number, name: string) =>
  upstream(name, [{ name, type: types.A, address: '203.0.113.1' }], { id });

type Overhead = (socket: Socket, question: { id: number; name: string }) => void;

/** An upstream whose datagrams are cut off, and which does this with a question over TCP; null listens to none. */
async function serve(overTcp: Overhead | null): Promise<number> {
  const datagrams = createSocket('udp4');
  datagrams.on('message', (bytes, peer) => {
    const { header, questions } = Packet.parse(bytes);
    datagrams.send(cut(header.id, questions[0]?.name ?? ''), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => datagrams.bind(0, address, resolve));
  closing.push(() => datagrams.close());
  const { port } = datagrams.address();
  if (overTcp !== null) await listen(port, overTcp);
  return port;
}

async function listen(port: number, overTcp: Overhead): Promise<void> {
  const held = new Set<Socket>();
  const server: Server = createServer((socket) => {
    held.add(socket);
    const unframer = new Unframer();
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of unframer.push(chunk)) {
        const { header, questions } = Packet.parse(bytes);
        overTcp(socket, { id: header.id, name: questions[0]?.name ?? '' });
      }
    });
  });
  closing.push(() => {
    server.close();
    for (const socket of held) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
}

async function resolve(port: number) {
  const allowlist = makeAllowlist(parseRules('github.com', 'x').rules);
  const learned: string[][] = [];
  const resolver = makeResolver({
    allowlist: () => allowlist,
    ask: makeUpstream([address], port),
    mayDial: () => true,
    learned: (_, addresses) => void learned.push([...addresses]),
    refused: () => {},
    failed: () => {},
    now: () => 0,
  });
  const query = new Packet();
  query.header.id = 7;
  query.questions.push({ name: 'github.com', type: Packet.TYPE.A, class: Packet.CLASS.IN } as never);
  const answer = Packet.parse((await resolver.answer(query.toBuffer(), 'datagram')) as Buffer);
  const addresses = answer.answers.map((record) => (record as { address?: string }).address);
  return { rcode: answer.header.rcode, addresses, learned };
}

describe('an answer that was cut off', () => {
  test.each<[string, Overhead | null]>([
    ['is refused', null],
    ['is closed at once', (socket) => socket.end()],
    ['is reset', (socket) => socket.resetAndDestroy()],
    ['brings one that is cut off as well', (socket, { id, name }) => socket.write(frame(cut(id, name)))],
    [
      'brings one that is cut off and empty',
      (socket, { id, name }) => socket.write(frame(upstream(name, [], { id, tc: 1 }))),
    ],
    [
      'breaks off in the middle',
      (socket, { id, name }) => socket.end(frame(whole(id, name)).subarray(0, 40)),
    ],
    ['answers another question', (socket, { id }) => socket.end(frame(whole(id, 'evil.test')))],
    ['answers with another id', (socket, { id, name }) => socket.end(frame(whole((id + 1) & 0xffff, name)))],
    [
      'says that it failed',
      (socket, { id, name }) => socket.end(frame(upstream(name, [], { id, rcode: 2 }))),
    ],
    ['makes noise', (socket) => socket.end(frame(Buffer.from('noise')))],
  ])('is a failure where the question over TCP %s', async (_, overTcp) => {
    const found = await resolve(await serve(overTcp));
    expect(found).toEqual({ rcode: 2, addresses: [], learned: [] });
  });

  test('is a failure where nobody answers over TCP', { timeout: 10_000 }, async () => {
    expect(await resolve(await serve(() => {}))).toEqual({ rcode: 2, addresses: [], learned: [] });
  });

  test('is whole over TCP', async () => {
    const port = await serve((socket, { id, name }) => socket.write(frame(whole(id, name))));
    expect(await resolve(port)).toEqual({
      rcode: 0,
      addresses: ['203.0.113.1'],
      learned: [['203.0.113.1']],
    });
  });
});
