import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import Packet from 'dns2/packet';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bindSockets } from '../../../../src/host/sockets.ts';
import { frame, Unframer } from '../../../../src/network/framing.ts';
import type { ReplyWith, Resolver } from '../../../../src/network/resolver/resolver-parts.ts';
import { serve, serveDatagrams } from '../../../../src/network/resolver/serve.ts';
import { converse } from '../../../../src/network/resolver/tcp-conversation.ts';
import { query } from './dns.ts';

const open: (Server | Socket | DatagramSocket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) 'destroy' in one ? one.destroy() : one.close();
});

/** Serves `answer` on a TCP port of loopback.  @returns a client, what it hears, and when it is closed. */
async function talk(answer: (bytes: Buffer) => ReplyWith | Promise<ReplyWith>) {
  const server = createServer({ allowHalfOpen: true }, (socket) => converse({ answer }, socket));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  open.push(client);
  const heard: Buffer[] = [];
  const unframer = new Unframer();
  client.on('data', (chunk: Buffer) => heard.push(...unframer.push(chunk)));
  client.on('error', () => {});
  const closed = new Promise<void>((resolve) => client.on('close', () => resolve()));
  return { client, heard, closed };
}

const idOf = (bytes: Buffer) => bytes.readUInt16BE(0);
const until = async (what: () => boolean) => {
  for (let left = 400; !what() && left > 0; left--)
    await new Promise((resolve) => void setTimeout(resolve, 5));
  expect(what()).toBe(true);
};

describe('a TCP client', () => {
  test('may pipeline and split its queries, and is answered as each is ready', async () => {
    const { client, heard } = await talk(async (bytes) => {
      if (idOf(bytes) === 1) await new Promise((resolve) => void setTimeout(resolve, 50));
      return bytes;
    });
    const stream = Buffer.concat([1, 2, 3].map((id) => frame(query('github.com', 1, { id }))));
    client.setNoDelay();
    for (let at = 0; at < stream.length; at += 7) client.write(stream.subarray(at, at + 7));
    await until(() => heard.length === 3);
    expect(heard.map(idOf)).toEqual([2, 3, 1]);
  });

  test('that says it is done is still answered', async () => {
    const { client, heard, closed } = await talk(async (bytes) => {
      await new Promise((resolve) => void setTimeout(resolve, 20));
      return bytes;
    });
    client.end(frame(query('github.com', 1, { id: 5 })));
    await closed;
    expect(heard.map(idOf)).toEqual([5]);
  });

  test.each([
    ['an empty message', Buffer.from([0, 0])],
    ['what deserves no answer', frame(Buffer.from('noise'))],
  ])('that sends %s is cut off', async (_, bytes) => {
    const { client, closed } = await talk((one) => (one.length < 12 ? null : one));
    client.write(bytes);
    await closed;
  });

  test('whose message makes no sense is told so and cut off', async () => {
    const { client, heard, closed } = await talk(() => Buffer.from([0, 1, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    client.write(frame(Buffer.alloc(12)));
    await closed;
    expect(heard).toHaveLength(1);
  });

  test('with a thousand queries at once has 32 in work, and gets every answer', async () => {
    let running = 0;
    let most = 0;
    const { client, heard } = await talk(async (bytes) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => void setTimeout(resolve, 1));
      running -= 1;
      return bytes;
    });
    client.write(
      Buffer.concat(Array.from({ length: 1000 }, (_, id) => frame(query('github.com', 1, { id })))),
    );
    await until(() => heard.length === 1000);
    expect(most).toBe(32);
  });

  test('that reads nothing is not answered into memory for ever', async () => {
    let answered = 0;
    const { client } = await talk((bytes) => {
      answered += 1;
      return Buffer.concat([bytes, Buffer.alloc(60_000)]);
    });
    client.pause();
    for (let id = 0; id < 3000; id++) client.write(frame(query('github.com', 1, { id })));
    await new Promise((resolve) => void setTimeout(resolve, 300));
    expect(answered).toBeLessThan(1000);
  });
});

type Answer = Resolver['answer'];

describe('a resolver on sockets that somebody else bound', () => {
  /** An address of loopback that no other test binds. */
  const address = `127.77.${(process.pid >> 8) & 255}.${process.pid & 255}`;
  let port = 5300;

  /** @returns a client of a resolver, and what it hears, in its order. */
  async function talkOver(answer: Answer) {
    port += 1;
    const nobody = () => Promise.reject(new Error('nobody asks'));
    const resolver = { answer, resolve: nobody, forget: () => {} };
    await serve(resolver, { descriptors: bindSockets(address, port) });
    const client = createSocket('udp4');
    open.push(client);
    const heard: Buffer[] = [];
    client.on('message', (octets) => heard.push(octets));
    await new Promise<void>((done) => client.connect(port, address, done));
    return { client, heard };
  }

  test('answers whoever asked, keeps quiet where it should, and survives what makes no sense', async () => {
    const { client, heard } = await talkOver((bytes) => {
      if (bytes.length < 12) throw new Error('noise');
      if (bytes.length < 20) return Promise.reject(new Error('late noise'));
      return idOf(bytes) === 6 ? null : bytes;
    });
    for (const noise of ['', 'x', 'not quite a query']) client.send(Buffer.from(noise));
    for (const id of [6, 7, 8]) client.send(query('github.com', 1, { id }));
    await until(() => heard.length === 2);
    expect(heard.map(idOf)).toEqual([7, 8]);
    expect(Packet.parse(heard[0] as Buffer).questions[0]?.name).toBe('github.com');
  });

  test('gives a late answer to whoever asked, though others have come since', async () => {
    const waiting: (() => void)[] = [];
    const { client, heard } = await talkOver(async (bytes) => {
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return bytes;
    });
    for (const id of [1, 2, 3]) client.send(query('github.com', 1, { id }));
    await until(() => waiting.length === 3);
    expect(heard).toEqual([]);
    for (const done of waiting.reverse()) done();
    await until(() => heard.length === 3);
    expect(heard.map(idOf)).toEqual([3, 2, 1]);
  });

  test('takes and sends what fits in a datagram, and drops what is an octet longer', async () => {
    const taken: number[] = [];
    const { client, heard } = await talkOver((bytes) => {
      taken.push(bytes.length);
      return idOf(bytes) === 3 ? Buffer.concat([bytes, Buffer.alloc(1232)]) : bytes;
    });
    const long = (id: number, length: number) =>
      Buffer.concat([query('github.com', 1, { id }), Buffer.alloc(length)]).subarray(0, length);
    for (const octets of [long(1, 1232), long(2, 1233), long(3, 100), long(4, 100)]) client.send(octets);
    await until(() => heard.length === 2);
    expect(heard.map(idOf)).toEqual([1, 4]);
    expect(taken).toEqual([1232, 100, 100]);
  });

  test('outlives an answer that the kernel does not take, and an error of its socket', async () => {
    const socket = Object.assign(new EventEmitter(), {
      send: vi.fn((_: Buffer, port: number, __: string, done: (error: Error | null) => void) => {
        if (port === 0) throw new RangeError('a port is above 0');
        done(new Error('EPERM'));
      }),
    });
    serveDatagrams({ answer: (bytes) => bytes }, socket as unknown as DatagramSocket);
    const unhandled = vi.fn();
    process.once('unhandledRejection', unhandled);
    for (const port of [0, 53]) socket.emit('message', query('github.com'), { address, port });
    socket.emit('error', new Error('ENOMEM'));
    await new Promise((resolve) => void setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(socket.send).toHaveBeenCalledTimes(2);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
