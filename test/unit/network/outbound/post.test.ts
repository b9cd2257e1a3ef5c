import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { makePost, type PostParts } from '../../../../src/network/outbound/post.ts';
import type { Resolution } from '../../../../src/network/resolver/resolver-parts.ts';
import { denialsOf, rulesOf } from '../../../../src/policy/outbound-target.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(answer: (status: (code: number) => void) => void) {
  const heard: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      heard.push({ request, body });
      answer((code) => void response.writeHead(code, { location: 'https://evil.test/' }).end('words'));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { heard, port: (server.address() as AddressInfo).port };
}

function partsOf(resolution: Resolution, change: Partial<PostParts> = {}) {
  const pins: unknown[] = [];
  const parts: PostParts = {
    names: { find: async () => ({ resolution, until: 0 }) },
    pin: async (wish) => void pins.push(wish),
    authorities: () => '',
    ...change,
  };
  return { post: makePost(parts), pins };
}

const here: Resolution = { kind: 'addresses', addresses: ['127.0.0.1'], ttl: 60 };
const targetAt = (port: number) => ({ name: 'notify.example', port, secure: false, path: '/topic' });
const parcel = { path: '/topic?a=b', headers: { 'x-one': '1' }, body: 'text' };

describe('a post', () => {
  test('goes to the address that was pinned, under the target’s name', async () => {
    const { heard, port } = await listen((say) => say(202));
    const { post, pins } = partsOf(here);
    expect(await post(targetAt(port), parcel)).toBe(202);
    expect(pins).toEqual([{ name: 'notify.example', port, addresses: ['127.0.0.1'], ttl: 60, own: true }]);
    const [{ request, body } = { request: {} as IncomingMessage, body: '' }] = heard;
    expect([request.method, request.url, request.headers.host, request.headers['x-one'], body]).toEqual([
      'POST',
      '/topic?a=b',
      `notify.example:${port}`,
      '1',
      'text',
    ]);
  });

  test('follows no redirection', async () => {
    const { heard, port } = await listen((say) => say(307));
    expect(await partsOf(here).post(targetAt(port), parcel)).toBe(307);
    expect(heard).toHaveLength(1);
  });

  test.each<[string, Resolution]>([
    ['a private address', { kind: 'denied', reason: 'inside-address' }],
    ['no such name', { kind: 'absent' }],
    ['no address', { kind: 'addresses', addresses: [], ttl: 5 }],
    ['no answer', { kind: 'failed', trouble: 'upstream-silent', detail: '' }],
  ])('with %s dials nothing', async (_, resolution) => {
    const { post, pins } = partsOf(resolution);
    await expect(post(targetAt(443), parcel)).rejects.toMatchObject({ reason: 'unresolved' });
    expect(pins).toEqual([]);
  });

  test('dials nothing that init has not pinned', async () => {
    const { heard, port } = await listen((say) => say(200));
    const { post } = partsOf(here, { pin: () => Promise.reject(new Error('no')) });
    await expect(post(targetAt(port), parcel)).rejects.toMatchObject({ reason: 'not-pinned' });
    expect(heard).toEqual([]);
  });

  test('says that nobody listens, that no TLS is spoken, and that no HTTP is', async () => {
    const { port } = await listen(() => {});
    servers.splice(0).forEach((server) => void server.close());
    await expect(partsOf(here).post(targetAt(port), parcel)).rejects.toMatchObject({ reason: 'unreachable' });
    const plain = await listen((say) => say(200));
    const secure = { ...targetAt(plain.port), secure: true };
    await expect(partsOf(here).post(secure, parcel)).rejects.toMatchObject({ reason: 'untrusted' });
    expect(plain.heard).toEqual([]);
  });
});

test('the box’s own names are a list for init and a denial for the agent', () => {
  const notify = { name: 'a.example', port: 8443, secure: true, path: '/' };
  const own = { notify: null, telemetry: { ...notify, headers: {} } };
  expect(rulesOf(own)).toEqual([{ name: 'a.example', wildcard: false, port: 8443, protocol: 'tcp' }]);
  expect(denialsOf(own)).toEqual([{ name: 'a.example', wildcard: false, port: null }]);
});
