import { connect, createServer, type Server, type Socket } from 'node:net';
import Packet from 'dns2/packet';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FakeDatagrams } from '../../../../src/host/fake-datagrams.ts';
import { bindSockets } from '../../../../src/host/sockets.ts';
import { frame, Unframer } from '../../../../src/network/resolver/framing.ts';
import type { Reply, Resolver } from '../../../../src/network/resolver/resolver-parts.ts';
import { serve } from '../../../../src/network/resolver/serve.ts';
import { converse } from '../../../../src/network/resolver/tcp-conversation.ts';
import { query } from './dns.ts';

const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const one of open.splice(0)) 'destroy' in one ? one.destroy() : one.close();
});

/** Serves `answer` on a TCP port of loopback.  @returns a client, what it hears, and when it is closed. */
async function talk(answer: (bytes: Buffer) => Reply | Promise<Reply>) {
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

describe('a resolver on sockets that somebody else bound', () => {
  async function serveDatagrams(resolver: Partial<Resolver>): Promise<FakeDatagrams> {
    const datagrams = new FakeDatagrams();
    const nobody = () => Promise.reject(new Error('nobody asks'));
    await serve(
      { answerInPlace: () => 0, answer: () => null, resolve: nobody, forget: () => {}, ...resolver },
      { descriptors: bindSockets('127.0.0.1', 0), openDatagrams: datagrams.open },
    );
    return datagrams;
  }
  const ask = (from: number, octets: Buffer) => ({ from, octets });
  const turn = () => new Promise((resolve) => void setImmediate(resolve));
  const heard = ({ sent }: FakeDatagrams) => sent.map(({ to, octets }) => [to, idOf(octets)]);

  test('answers whoever asked, keeps quiet where it should, and survives what makes no sense', async () => {
    const answer = (bytes: Buffer) => {
      if (bytes.length < 12) throw new Error('noise');
      if (bytes.length < 20) return Promise.reject(new Error('late noise'));
      return idOf(bytes) === 6 ? null : bytes;
    };
    const datagrams = await serveDatagrams({ answer });
    datagrams.deliver([ask(1, Buffer.alloc(0)), ask(2, Buffer.from('x')), ask(3, Buffer.alloc(15))]);
    datagrams.deliver([6, 7, 8].map((id) => ask(id, query('github.com', 1, { id }))));
    await turn();
    expect(heard(datagrams)).toEqual([
      [7, 7],
      [8, 8],
    ]);
    expect(Packet.parse(datagrams.sent[0]?.octets as Buffer).questions[0]?.name).toBe('github.com');
  });

  test('looks up only what is not finished', async () => {
    const answer = vi.fn((bytes: Buffer) => bytes);
    const answerInPlace = (octets: Buffer, length: number) => (idOf(octets) === 1 ? length - 1 : 0);
    const datagrams = await serveDatagrams({ answer, answerInPlace });
    const queries = [1, 2].map((id) => query('github.com', 1, { id }));
    datagrams.deliver(queries.map((octets) => ask(idOf(octets), octets)));
    expect(datagrams.sent.map(({ octets }) => octets)).toEqual([queries[0]?.subarray(0, -1), queries[1]]);
    expect(answer).toHaveBeenCalledOnce();
  });

  test('gives a late answer to whoever asked, though others have come since', async () => {
    const waiting: (() => void)[] = [];
    const answer = async (bytes: Buffer) => {
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return bytes;
    };
    const datagrams = await serveDatagrams({ answer });
    for (const id of [1, 2, 3]) datagrams.deliver([ask(id, query('github.com', 1, { id }))]);
    expect(datagrams.sent).toEqual([]);
    for (const done of waiting.reverse()) done();
    await turn();
    expect(heard(datagrams)).toEqual([
      [3, 3],
      [2, 2],
      [1, 1],
    ]);
  });

  test('sends nothing where the answer is longer than a datagram', async () => {
    const answer = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(idOf(bytes) === 1 ? 1232 : 0)]);
    const datagrams = await serveDatagrams({ answer });
    datagrams.deliver([1, 2].map((id) => ask(id, query('github.com', 1, { id }))));
    expect(heard(datagrams)).toEqual([[2, 2]]);
  });
});
