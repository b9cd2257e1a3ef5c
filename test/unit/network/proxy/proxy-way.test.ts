import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ProxyError } from '../../../../src/network/proxy/ask-for-tunnel.ts';
import { connectionLimits } from '../../../../src/network/proxy/proxy-limits.ts';
import { makeProxyWay, probe } from '../../../../src/network/proxy/proxy-way.ts';
import { hear, home, listen, rule, startGuard, until } from './rig.ts';

interface Asked {
  readonly head: string;
}

/** A proxy that answers each tunnel with the same words, and then is the server itself. */
async function startProxy(answer: string) {
  const asked: Asked[] = [];
  const { port } = await listen('127.0.0.1', (socket) => {
    socket.once('data', (head) => {
      asked.push({ head: head.toString() });
      socket.write(answer);
      socket.pipe(socket);
    });
  });
  const pins: string[] = [];
  const way = makeProxyWay({
    proxy: { host: 'squid', port, authorization: 'Basic c2VjcmV0', exempt: ['exempt.example'] },
    resolve: async () => ({ kind: 'addresses', addresses: ['127.0.0.1'], ttl: 60 }),
    pin: async ({ name, own, port: pinned }) => void pins.push(`${name} ${pinned === port} ${own}`),
    limits: { ...connectionLimits, dial: 500 },
  });
  return { way, asked, pins };
}

describe('a tunnel through the operator’s proxy', () => {
  test('is asked for by name, with the account, and what the server says at once is not lost', async () => {
    const { way, asked, pins } = await startProxy(
      'HTTP/1.1 200 Connection established\r\nX: y\r\n\r\nSSH-2.0',
    );
    const socket = await way.tunnel({ name: 'github.com', port: 22 });
    expect(asked[0]?.head).toBe(
      'CONNECT github.com:22 HTTP/1.1\r\nHost: github.com:22\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n',
    );
    expect(pins).toEqual(['squid true true']);
    const heard = hear(socket);
    socket.resume();
    socket.end('bye');
    expect((await heard).bytes.toString()).toBe('SSH-2.0bye');
  });

  test.each([
    ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'proxy-authentication'],
    ['HTTP/1.1 403 Forbidden\r\n\r\n', 'proxy-refused'],
    ['HTTP/1.1 200', 'proxy-unreachable'],
    ['noise\r\n\r\n', 'proxy-refused'],
    [`HTTP/1.1 200 ${'x'.repeat(20_000)}`, 'proxy-refused'],
  ])('answered with %.40j is none', async (answer, trouble) => {
    const { way } = await startProxy(answer);
    await expect(way.tunnel({ name: 'github.com', port: 443 })).rejects.toMatchObject({ trouble });
    expect(await probe(way, 'github.com')).toEqual({ why: trouble, address: null });
  });

  test('is none where the proxy has no address', async () => {
    const way = makeProxyWay({
      proxy: { host: 'squid', port: 1, authorization: null, exempt: [] },
      resolve: async () => ({ kind: 'absent' }),
      pin: async () => {},
      limits: connectionLimits,
    });
    await expect(way.tunnel({ name: 'github.com', port: 443 })).rejects.toBeInstanceOf(ProxyError);
  });
});

describe('an opaque connection', () => {
  test('to the address that all names of the proxy share is let out where one of them alone can be meant', async () => {
    const { way, asked } = await startProxy('HTTP/1.1 200 OK\r\n\r\n');
    const rules = [rule('a.example', 22, 'tcp'), rule('b.example', 22, 'tcp')];
    const rig = await startGuard({ rules, destination: { address: home, port: 22 }, way });
    rig.proxy.learn('a.example', [home]);
    rig.proxy.learn('b.example', [home]);
    expect((await hear(await rig.dial())).error).toBe('ECONNRESET');
    expect([rig.refusals[0]?.reason, asked]).toEqual(['no-such-address', []]);
    rig.setRules(rule('b.example', 22, 'tcp'));
    const socket = await rig.dial();
    const heard = hear(socket);
    await until(() => asked.length === 1);
    socket.end('word');
    expect(await heard).toEqual({ bytes: Buffer.from('word'), error: null });
    expect(asked[0]?.head).toContain('CONNECT b.example:22 ');
    expect(rig.calls).toEqual([]);
  });
});

describe('plain HTTP', () => {
  test('is asked of the proxy by its whole URL, with our account in place of the client’s', async () => {
    const seen: { url: string | undefined; account: string | undefined; host: string | undefined }[] = [];
    const server: Server = createServer((request, response) => {
      seen.push({
        url: request.url,
        account: request.headers['proxy-authorization'],
        host: request.headers.host,
      });
      response.end('from the proxy');
    });
    const { port } = await listen('127.0.0.1', (socket: Socket) => void server.emit('connection', socket));
    const way = makeProxyWay({
      proxy: { host: '127.0.0.1', port, authorization: 'Basic b3Vycw==', exempt: [] },
      resolve: async () => ({ kind: 'addresses', addresses: ['127.0.0.1'], ttl: 60 }),
      pin: async () => {},
      limits: connectionLimits,
    });
    const rules = [rule('a.example', 80, 'http')];
    const rig = await startGuard({ rules, destination: { address: home, port: 80 }, way });
    const socket = await rig.dial();
    const heard = hear(socket);
    socket.write(
      'GET /x?y HTTP/1.1\r\nHost: a.example\r\nProxy-Authorization: Basic dGhlaXJz\r\nConnection: close\r\n\r\n',
    );
    expect((await heard).bytes.toString()).toContain('from the proxy');
    expect(seen).toEqual([{ url: 'http://a.example/x?y', account: 'Basic b3Vycw==', host: 'a.example' }]);
    expect(rig.calls).toEqual([]);
  });
});
