import { createHash, randomBytes } from 'node:crypto';
import { connect, type OnReadOpts, type Server, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { makeRelay } from '../../../../src/network/proxy/byte-relay.ts';
import { hear, home, listen, until } from './rig.ts';

interface Ends {
  /** Beyond the relay on either side, and the relay's own two sockets. */
  readonly client: Socket;
  readonly server: Socket;
  readonly inner: readonly [Socket, Socket];
}

async function startRelay(idle = 60_000): Promise<Ends> {
  const first = await pair();
  const relay = makeRelay(first.here, idle);
  const second = await pair(relay.onread);
  relay.start(second.there);
  return { client: first.there, server: second.here, inner: [first.here, second.there] };
}

async function pair(onread?: OnReadOpts): Promise<{ here: Socket; there: Socket }> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const { port }: { server: Server; port: number } = await listen(home, resolve);
  const there = connect({ host: home, port, allowHalfOpen: true, ...(onread && { onread }) });
  there.on('error', () => {});
  return { here: await promise, there };
}

describe('a relay', () => {
  test('keeps either half open after the other is closed', async () => {
    const { client, server } = await startRelay();
    const [atServer, atClient] = [hear(server), hear(client)];
    client.end('the question');
    expect(String((await atServer).bytes)).toBe('the question');
    server.write('the answer ');
    await new Promise((done) => setTimeout(done, 20));
    server.end('in two parts');
    expect(await atClient).toEqual({ bytes: Buffer.from('the answer in two parts'), error: null });
  });

  test('is gone on both sides once both are closed', async () => {
    const { client, server, inner } = await startRelay();
    void hear(client);
    void hear(server);
    server.end();
    client.end();
    await until(() => inner.every((socket) => socket.destroyed));
  });

  test.each(['client', 'server'] as const)('passes a reset of the %s on', async (side) => {
    const ends = await startRelay();
    const other = hear(side === 'client' ? ends.server : ends.client);
    ends[side].resetAndDestroy();
    expect((await other).error).toBe('ECONNRESET');
    await until(() => ends.inner.every((socket) => socket.destroyed));
  });

  test.each(['client', 'server'] as const)(
    'holds the %s back while the other end does not read, and loses nothing',
    async (side) => {
      const { inner, ...ends } = await startRelay();
      const [sender, receiver] = [ends[side], ends[side === 'client' ? 'server' : 'client']];
      const bytes = randomBytes(48 * 1024 * 1024);
      receiver.pause();
      sender.end(bytes);
      await new Promise((done) => setTimeout(done, 300));
      const held = inner.map((socket) => socket.readableLength + socket.writableLength);
      expect(Math.max(...held)).toBeLessThan(1024 * 1024);
      expect(sender.writableLength).toBeGreaterThan(1024 * 1024);
      const { bytes: heard } = await hear(receiver);
      const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
      expect(digest(heard)).toBe(digest(bytes));
    },
  );

  test.each([1, 1000, 16_384, 100_000])('mixes up no octet of writes of %i', async (size) => {
    const { client, server } = await startRelay();
    const bytes = randomBytes(Math.min(size * 500, 20_000_000));
    const heard = hear(client);
    for (let at = 0; at < bytes.length; at += size) {
      if (!server.write(bytes.subarray(at, at + size)))
        await new Promise<void>((done) => server.once('drain', () => done()));
      // Stop and go: the relay's buffer is at times the kernel's and at times not.
      if (Math.random() < 0.05) client.pause();
      if (Math.random() < 0.1) await new Promise((done) => setImmediate(done));
      client.resume();
    }
    server.end();
    expect(bytes.equals((await heard).bytes)).toBe(true);
  });

  test('ends when no octet has come for long enough, and not before', async () => {
    const { client, server, inner } = await startRelay(150);
    const heard = hear(client);
    void hear(server);
    for (let i = 0; i < 8; i++) {
      server.write('x');
      await new Promise((done) => setTimeout(done, 50));
    }
    expect(inner.map((socket) => socket.destroyed)).toEqual([false, false]);
    expect(await heard).toEqual({ bytes: Buffer.from('xxxxxxxx'), error: 'ECONNRESET' });
  });
});
