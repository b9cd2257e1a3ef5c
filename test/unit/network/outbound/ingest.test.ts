import { once } from 'node:events';
import { BoundSocket, connect, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openIngest } from '../../../../src/network/outbound/ingest.ts';
import { type Parcel, PostError } from '../../../../src/network/outbound/post.ts';
import {
  type Export,
  longestExport,
  makeForwarder,
} from '../../../../src/network/outbound/telemetry-forwarder.ts';

const telemetry = {
  name: 'otel.example',
  port: 443,
  secure: true,
  path: '/otlp/',
  headers: { authorization: 'Basic secret' },
};
const opened: { server: Server; socket: BoundSocket }[] = [];

afterEach(() => {
  for (const { server } of opened.splice(0)) server.close();
});

async function setUp({ status = 200 as number | Error, hold = null as Promise<void> | null } = {}) {
  const world = { told: [] as string[], sent: [] as Parcel[], reasons: [] as string[], now: 0 };
  const forwarder = makeForwarder({
    telemetry,
    post: async (_, parcel) => {
      await hold;
      world.sent.push(parcel);
      if (status instanceof Error) throw status;
      return status;
    },
    now: () => world.now,
    troubled: (reason) => world.reasons.push(reason),
  });
  const socket = new BoundSocket({ host: '127.0.0.1', port: 0 });
  const server = await openIngest({ tell: (word) => world.told.push(word), forwarder }, { fd: socket.fd() });
  opened.push({ server, socket });
  const { port } = server.address() as { port: number };
  /** Sends octets and gives back everything that comes. */
  const say = async (text: string | Buffer): Promise<string> => {
    const line = connect(port, '127.0.0.1');
    let heard = '';
    line.on('data', (chunk) => {
      heard += chunk;
    });
    line.on('error', () => {});
    line.write(text);
    setTimeout(() => line.destroy(), 3000).unref();
    await once(line, 'close');
    return heard;
  };
  return { world, say, port };
}

const post = (path: string, headers: readonly string[] = [], body = '') =>
  [
    `POST ${path} HTTP/1.1`,
    'host: box',
    'connection: close',
    ...headers,
    `content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
const protobuf = ['content-type: application/x-protobuf'];
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

describe('the ingest', () => {
  test('takes a word of the agent’s', async () => {
    const { world, say } = await setUp();
    expect(statusOf(await say(post('/events/waits')))).toBe(204);
    expect(world.told).toEqual(['waits']);
  });

  test.each([
    ['a word of the box’s own', post('/events/saved'), 404],
    ['a word nobody knows', post('/events/pwned'), 404],
    ['a word of Object’s', post('/events/constructor'), 404],
    ['a word with something behind it', post('/events/waits/now'), 404],
    ['a word with a query', post('/events/waits?text=hello'), 404],
    ['a word in another spelling', post('/events/%77aits'), 404],
    ['a word with a body', post('/events/waits', [], 'my own text'), 413],
    ['another method', post('/events/waits').replace('POST', 'GET'), 405],
    ['a proxy’s request', post('http://evil.test/events/waits'), 404],
    ['CONNECT', 'CONNECT evil.test:443 HTTP/1.1\r\nhost: x\r\n\r\n', 0],
    ['an upgrade', post('/events/waits', ['upgrade: websocket']).replace('POST', 'GET'), 405],
    ['noise', '\x16\x03\x01\x00\xff\x00\x00\r\n\r\n', 0],
    ['a head without end', `POST /events/waits HTTP/1.1\r\n${'a: b\r\n'.repeat(5000)}`, 0],
  ])('hears nothing in %s', async (_, text, status) => {
    const { world, say } = await setUp();
    expect(statusOf(await say(text))).toBe(status);
    expect(world.told).toEqual([]);
    expect(world.sent).toEqual([]);
  });

  test('forwards an export with the operator’s headers, and of the agent’s only what describes the body', async () => {
    const { world, say } = await setUp();
    const headers = [
      ...protobuf,
      'content-encoding: gzip',
      'authorization: Basic mine',
      'x-evil: 1',
      'cookie: a=b',
    ];
    const answer = await say(post('/v1/metrics', headers, 'octets'));
    expect(statusOf(answer)).toBe(200);
    expect(answer.split('\r\n\r\n')[1]).toBe('');
    expect(world.sent).toEqual([
      {
        path: '/otlp/v1/metrics',
        headers: {
          'content-type': 'application/x-protobuf',
          'content-encoding': 'gzip',
          authorization: 'Basic secret',
        },
        body: Buffer.from('octets'),
      },
    ]);
  });

  test.each([
    ['another signal', post('/v1/profiles', protobuf, 'x'), 404],
    ['another path', post('/v1/metrics/../../secret', protobuf, 'x'), 404],
    ['another type', post('/v1/logs', ['content-type: text/html'], 'x'), 415],
    ['another encoding', post('/v1/logs', [...protobuf, 'content-encoding: br'], 'x'), 415],
    ['more than it takes', post('/v1/logs', protobuf, 'x'.repeat(longestExport + 1)), 413],
  ])('forwards nothing of %s', async (_, text, status) => {
    const { world, say } = await setUp();
    expect(statusOf(await say(text))).toBe(status);
    expect(world.sent).toEqual([]);
  });

  test('hands on a refusal’s status alone, and reports the first of several', async () => {
    const { world, say } = await setUp({ status: 401 });
    for (let i = 0; i < 3; i += 1) expect(statusOf(await say(post('/v1/logs', protobuf, 'x')))).toBe(401);
    expect(world.reasons).toEqual(['status-401']);
  });

  test('says 503 where nothing arrived, and 502 for an answer that is none', async () => {
    const lost = await setUp({ status: new PostError('silent', 'x') });
    expect(statusOf(await lost.say(post('/v1/logs', protobuf, 'x')))).toBe(503);
    expect(lost.world.reasons).toEqual(['silent']);
    const moved = await setUp({ status: 302 });
    expect(statusOf(await moved.say(post('/v1/logs', protobuf, 'x')))).toBe(502);
  });

  test('holds two exports at once, and refuses a third', async () => {
    let release: () => void = () => {};
    const hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { say } = await setUp({ hold });
    const two = [say(post('/v1/logs', protobuf, 'x')), say(post('/v1/logs', protobuf, 'x'))];
    // The first two hold their places from their heads on: the third is refused whichever way it comes in.
    await expect.poll(async () => statusOf(await say(post('/v1/logs', protobuf, 'x')))).toBe(429);
    release();
    expect((await Promise.all(two)).map(statusOf).filter((status) => status === 200).length).toBeGreaterThan(
      0,
    );
  });

  test('forwards no more than its budget in a minute', async () => {
    const { world, say } = await setUp();
    const one: Export['body'] = Buffer.alloc(16);
    let refused = 0;
    for (let i = 0; i < 80; i += 1) {
      if (statusOf(await say(post('/v1/logs', protobuf, one.toString('latin1')))) === 429) refused += 1;
    }
    expect([world.sent.length, refused]).toEqual([60, 20]);
  });
});

describe('whoever opens the ingest and never says something whole', () => {
  const head = (...lines: string[]) =>
    ['POST /v1/logs HTTP/1.1', 'host: box', ...protobuf, ...lines].join('\r\n');

  test.each([
    ['nothing', ''],
    ['half a line', 'POST /eve'],
    ['half a head', 'POST /events/waits HTTP/1.1\r\nhost: box\r\n'],
    ['a head without its body', `${head('content-length: 1000')}\r\n\r\n`],
    ['half a body', `${head('content-length: 1000')}\r\n\r\n${'x'.repeat(500)}`],
    ['a chunk without an end', `${head('transfer-encoding: chunked')}\r\n\r\n5\r\nhello\r\n`],
    ['a wish to go on', `${head('content-length: 1000', 'expect: 100-continue')}\r\n\r\n`],
    ['one word, and then nothing', 'POST /events/waits HTTP/1.1\r\nhost: box\r\ncontent-length: 0\r\n\r\n'],
    [
      'two megabytes, but for the last octet',
      `${head(`content-length: ${longestExport}`)}\r\n\r\n${'x'.repeat(longestExport - 1)}`,
    ],
  ])('shuts nobody out with %s', { timeout: 20_000 }, async (_, text) => {
    const { world, say, port } = await setUp();
    const lines = Array.from({ length: text.length > 10_000 ? 20 : 200 }, () => connect(port, '127.0.0.1'));
    let gone = 0;
    await Promise.all(
      lines.map(async (line) => {
        line.on('error', () => {});
        line.on('close', () => {
          gone += 1;
        });
        line.resume();
        await once(line, 'connect').catch(() => {});
        line.write(text);
      }),
    );
    // The oldest had to make room, so all the others have been heard of.
    await expect.poll(() => gone).toBeGreaterThan(0);
    expect(statusOf(await say(post('/events/failed')))).toBe(204);
    expect(statusOf(await say(post('/v1/logs', protobuf, 'x')))).toBe(200);
    expect(world.told).toContain('failed');
    for (const line of lines) line.destroy();
  });
});
