import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Refusal } from '../../../../src/policy/refusal.ts';
import { hear, home, type Rig, type RigOptions, rule, startGuard, until } from './rig.ts';

const name = 'allowed.example.org';
const other = 'other.example.org';
const dialled = '198.51.100.7';

interface Seen {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

interface World extends Rig {
  readonly port: number;
  /** Requests that reached the names' own server, and the connections they came on. */
  readonly seen: Seen[];
  readonly connections: Socket[];
  readonly server: Server;
}

async function startWorld(options: Partial<RigOptions> & { answer?: RequestListener } = {}): Promise<World> {
  const [seen, connections]: [Seen[], Socket[]] = [[], []];
  const usual: RequestListener = (_request, response) => response.end('fine');
  const note = async (request: IncomingMessage) => {
    const line = `${request.method} ${request.url}`;
    seen.push({ line, headers: request.rawHeaders, body: await bodyOf(request) });
  };
  const server = createServer((request, response) => {
    if (options.answer !== undefined) options.answer(request, response);
    else void note(request).then(() => usual(request, response));
  });
  server.on('connection', (socket) => void connections.push(socket.on('error', () => {})));
  await new Promise<void>((done) => server.listen(0, home, done));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const rules = [rule(name, port, 'http'), rule(other, port, 'http')];
  const rig = await startGuard({ rules, destination: { address: dialled, port }, ...options });
  return { ...rig, port, seen, connections, server };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

/** Says it all on one connection and hears everything until the end. */
async function say(world: World, text: string, options = { end: true }): Promise<string> {
  const socket = await world.dial();
  const heard = hear(socket);
  if (options.end) socket.end(text, 'latin1');
  else socket.write(text, 'latin1');
  return String((await heard).bytes);
}

const get = (host: string, path = '/', more = '') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
const statuses = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
const jsonOf = (answer: string) =>
  JSON.parse(/\{.*\}/.exec(answer)?.[0] ?? 'null') as Record<string, unknown>;

describe('an allowed request', () => {
  test('reaches its name, with the headers it had and no other', async () => {
    const world = await startWorld();
    const answer = await say(world, get(name, '/a?b=c', 'Accept: */*\r\nX-Two: 1\r\nx-two: 2\r\n'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n.*fine/s);
    expect(world.seen).toEqual([
      {
        line: 'GET /a?b=c',
        headers: ['Host', name, 'Accept', '*/*', 'X-Two', '1', 'x-two', '2', 'Connection', 'keep-alive'],
        body: '',
      },
    ]);
    expect(world.calls).toEqual([`resolve ${name}`, `pin ${name} ${world.port} ${home}`]);
    expect([world.refusals, world.failures]).toEqual([[], []]);
    await until(() => world.proxy.open === 0);
  });

  test.each([
    ['with a length', 'Content-Length: 5\r\n\r\nhello'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'],
  ])('brings its body: %s', async (_, rest) => {
    const world = await startWorld();
    expect(await say(world, `POST / HTTP/1.1\r\nHost: ${name}\r\n${rest}`)).toContain('fine');
    expect(world.seen).toMatchObject([{ line: 'POST /', body: 'hello' }]);
  });

  test('without a body stays without one', async () => {
    const world = await startWorld();
    await say(world, `POST / HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
    expect(world.seen[0]?.headers).not.toContain('Transfer-Encoding');
    expect(world.seen).toMatchObject([{ body: '' }]);
  });

  test('may come octet by octet', async () => {
    const world = await startWorld();
    const socket = await world.dial();
    const heard = hear(socket.setNoDelay(true));
    for (const octet of get(name)) {
      socket.write(octet);
      await new Promise(setImmediate);
    }
    socket.end();
    expect(String((await heard).bytes)).toContain('fine');
  });

  test('may name the port, an absolute address of its own host, capitals and a trailing dot', async () => {
    const world = await startWorld();
    const hosts = [`${name}:${world.port}`, name.toUpperCase(), `${name}.`];
    const answer = await say(
      world,
      hosts.map((host) => get(host)).join('') + get(name, `http://${name}/x?y`),
    );
    expect(statuses(answer)).toEqual(['200', '200', '200', '200']);
    expect(world.seen.map(({ headers }) => headers[1])).toEqual([`${name}:${world.port}`, name, name, name]);
    expect(world.seen[3]?.line).toBe('GET /x?y');
  });

  test('loses what concerns one hop alone', async () => {
    const world = await startWorld();
    await say(
      world,
      get(name, '/', 'Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 3\r\nTE: trailers\r\n'),
    );
    expect(world.seen[0]?.headers).toEqual(['Host', name, 'Connection', 'keep-alive']);
  });

  const settings = 'HTTP2-Settings: AAMAAABkAAQAAP__\r\n';
  test.each([
    ['HTTP/2', `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n${settings}`],
    ['TLS', 'Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n'],
    ['either', `Connection: upgrade, http2-settings\r\nupgrade: TLS/1.3 ,\th2c\r\n${settings}`],
    ['HTTP/2 in two headers', `Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: HTTP/2.0\r\n${settings}`],
  ])('loses the offer to go on with %s, and its connection ends with the answer', async (_, offer) => {
    const world = await startWorld();
    const body = get('evil.test', '/inside');
    const post = `POST /2 HTTP/1.1\r\nHost: ${name}\r\n${offer}Content-Length: ${body.length}\r\n\r\n${body}`;
    const answers = [await say(world, get(name, '/1', offer), { end: false }), await say(world, post)];
    expect(answers.map(statuses)).toEqual([['200'], ['200']]);
    expect(answers[0]).toMatch(/^Connection: close\r$/m);
    expect(world.seen).toMatchObject([
      { line: 'GET /1', body: '' },
      { line: 'POST /2', body },
    ]);
    expect(world.seen[0]?.headers).toEqual(['Host', name, 'Connection', 'keep-alive']);
    expect(world.seen.flatMap(({ headers }) => headers).join()).not.toMatch(/upgrade|h2c|TLS|settings/i);
  });

  test.each([
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a request for another', get('evil.test', '/2')],
  ])('that made an offer is the last on its connection: %s behind it reaches nobody', async (_, rest) => {
    const world = await startWorld();
    const offer = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n${settings}`;
    for (const pieces of [[get(name, '/1', offer) + rest], [get(name, '/1', offer), rest]]) {
      const socket = await world.dial();
      const heard = hear(socket);
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise(setImmediate);
      }
      expect(statuses(String((await heard).bytes))[0]).toBe('200');
    }
    expect(world.seen.map(({ line }) => line)).toEqual(['GET /1', 'GET /1']);
    expect(world.calls.join()).not.toContain('evil');
  });

  test('is answered with the headers of the answer and no other', async () => {
    const answer: RequestListener = (_, response) => {
      response.sendDate = false;
      response.writeHead(201, 'Made', ['Set-Cookie', 'a', 'Set-Cookie', 'b', 'Content-Length', '2']);
      response.end('ok');
    };
    const world = await startWorld({ answer });
    const [head] = (await say(world, get(name))).split('\r\n\r\n');
    expect(head?.split('\r\n')).toEqual([
      ...['HTTP/1.1 201 Made', 'Set-Cookie: a', 'Set-Cookie: b', 'Content-Length: 2'],
      'Connection: keep-alive',
    ]);
  });

  test('of HTTP/1.0 is answered and closed', async () => {
    const world = await startWorld();
    const answer = await say(world, `GET / HTTP/1.0\r\nHost: ${name}\r\n\r\n`, { end: false });
    expect(answer).toMatch(/\r\n\r\nfine$/);
  });

  test('that waits for 100 Continue gets it from the server itself', async () => {
    const world = await startWorld();
    world.server.on('checkContinue', (request, response) => {
      response.writeContinue();
      world.server.emit('request', request, response);
    });
    const socket = await world.dial();
    const heard = hear(socket);
    socket.write(`PUT / HTTP/1.1\r\nHost: ${name}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`);
    await new Promise<void>((done) => socket.once('data', () => done()));
    expect(world.seen).toEqual([]);
    socket.end('body');
    expect(statuses(String((await heard).bytes))).toEqual(['100', '200']);
    expect(world.seen).toMatchObject([{ line: 'PUT /', body: 'body' }]);
  });

  test('is answered bit by bit, as the answer comes', async () => {
    const world = await startWorld({ answer: (_, response) => void response.write('first') });
    const socket = await world.dial();
    socket.write(get(name));
    const chunk = await new Promise<Buffer>((resolve) => {
      let heard = '';
      socket.on('data', (bytes: Buffer) => {
        heard += String(bytes);
        if (heard.includes('first')) resolve(bytes);
      });
    });
    expect(String(chunk)).toContain('first');
  });
});

describe('one connection of a client', () => {
  test('keeps one connection a name, and mixes no two names', async () => {
    const world = await startWorld();
    const answer = await say(world, get(name, '/1') + get(other, '/2') + get(name, '/3') + get(other, '/4'));
    expect(statuses(answer)).toEqual(['200', '200', '200', '200']);
    expect(world.connections.length).toBe(2);
    expect(world.calls.filter((call) => call.startsWith('resolve')).sort()).toEqual([
      `resolve ${name}`,
      `resolve ${other}`,
    ]);
  });

  test('is judged again at every request: a second one with another Host is refused', async () => {
    const world = await startWorld();
    const answer = await say(world, get(name, '/1') + get('evil.test', '/2') + get(name, '/3'));
    expect(statuses(answer)).toEqual(['200', '403', '200']);
    expect(world.seen.map(({ line }) => line)).toEqual(['GET /1', 'GET /3']);
    expect(world.refusals).toEqual([
      { via: 'http', reason: 'name-not-allowed', name: 'evil.test', address: dialled, port: world.port },
    ]);
    expect(world.calls.join()).not.toContain('evil');
  });

  test('that sends far ahead of its answers is ended', async () => {
    const world = await startWorld({ answer: () => {} });
    await say(world, get(name).repeat(100));
    expect(world.failures).toMatchObject([{ via: 'http', trouble: 'overloaded' }]);
    await until(() => world.proxy.open === 0);
  });

  test('may rest between two requests for longer than a head may take', async () => {
    const world = await startWorld({ limits: { hello: 100 } });
    const socket = await world.dial();
    const heard = hear(socket);
    socket.write(get(name, '/1'));
    await until(() => world.seen.length === 1);
    await new Promise((done) => setTimeout(done, 400));
    socket.end(get(name, '/2'));
    expect(statuses(String((await heard).bytes))).toEqual(['200', '200']);
    expect(world.failures).toEqual([]);
  });
});

describe('a refused request is told in HTTP and reaches nobody', () => {
  const cases: readonly [string, string, Partial<Refusal>][] = [
    ['a name that is not allowed', get('evil.test'), { reason: 'name-not-allowed', name: 'evil.test' }],
    ['an allowed name with a tail', get(`${name}.evil.test`), { reason: 'name-not-allowed' }],
    ['another port of an allowed name', get(`${name}:8080`), { reason: 'port-not-allowed', name }],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', { reason: 'no-host' }],
    ['an empty Host', get(''), { reason: 'no-host' }],
    ['two Hosts', get(name, '/', `Host: evil.test\r\n`), { reason: 'no-host' }],
    ['the same Host twice', get(name, '/', `Host: ${name}\r\n`), { reason: 'no-host' }],
    ['an address for a Host', get('198.51.100.7'), { reason: 'not-a-name' }],
    ['a Host with a user', get(`evil.test@${name}`), { reason: 'not-a-name' }],
    ['two names in a Host', get(`${name}, evil.test`), { reason: 'not-a-name' }],
    ['an allowed Host behind a no-break space', get(`\xa0${name}`), { reason: 'not-a-name' }],
    ['a Host that is not ASCII', get('ällowed.example.org'), { reason: 'not-a-name' }],
    ['a Host of 300 octets', get(`${'a'.repeat(60)}.`.repeat(5)), { reason: 'not-a-name' }],
    ['CONNECT', `CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}\r\n\r\n`, { reason: 'bad-method' }],
    ['an absolute address of another host', get(name, 'http://evil.test/'), { reason: 'bad-method', name }],
    [
      'an absolute address with a user',
      get(name, `http://${name}@evil.test/`),
      { reason: 'bad-method', name },
    ],
    ['an absolute address of another scheme', get(name, `https://${name}/`), { reason: 'bad-method', name }],
    [
      'an upgrade',
      get(name, '/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'),
      { reason: 'bad-method', name },
    ],
    [
      'an upgrade beside a mere offer',
      get(name, '/', 'Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n'),
      { reason: 'bad-method', name },
    ],
    ['an upgrade to nothing', get(name, '/', 'Upgrade: \r\n'), { reason: 'bad-method', name }],
    [
      'an upgrade after an offer in another header',
      get(name, '/', 'Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n'),
      { reason: 'bad-method', name },
    ],
    ['a target that is no path', get(name, 'evil'), { reason: 'not-http' }],
    [
      'a length and chunks at once',
      get(name, '/', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'),
      {},
    ],
    ['two lengths', get(name, '/', 'Content-Length: 3\r\nContent-Length: 4\r\n'), { reason: 'not-http' }],
    ['another coding', get(name, '/', 'Transfer-Encoding: gzip, chunked\r\n'), { reason: 'not-http' }],
    ['a folded header', get(name, '/', 'X-A: 1\r\n Host: evil.test\r\n'), { reason: 'not-http' }],
    ['a blank before the colon', get(name, '/', 'Host : evil.test\r\n'), { reason: 'not-http' }],
    ['line feeds alone', `GET / HTTP/1.1\nHost: ${name}\n\n`, { reason: 'not-http' }],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', { reason: 'not-http' }],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', { reason: 'not-http' }],
    ['a head larger than any', get(name, '/', `X: ${'x'.repeat(20_000)}\r\n`), { reason: 'too-large' }],
  ];

  test.each(cases)('%s', async (_, text, refusal) => {
    const world = await startWorld();
    const answer = await say(world, text);
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\nContent-Type: application\/json\r\n/);
    expect(world.refusals).toHaveLength(1);
    expect(world.refusals).toMatchObject([{ via: 'http', address: dialled, port: world.port, ...refusal }]);
    expect(jsonOf(answer).reason).toBe(world.refusals[0]?.reason);
    expect([world.seen, world.calls, world.failures]).toEqual([[], [], []]);
  });

  test('with what an operator would type to allow it', async () => {
    const world = await startWorld();
    expect(jsonOf(await say(world, get('Evil.Test')))).toEqual({
      error: 'refused',
      reason: 'name-not-allowed',
      message: 'the name is not on the allowlist',
      name: 'evil.test',
      port: world.port,
      allow: `cloister allow evil.test:${world.port}`,
    });
    expect(jsonOf(await say(world, get('198.51.100.7')))).toMatchObject({ name: null, allow: null });
  });

  test('as one that its resolver denies', async () => {
    const world = await startWorld({ resolve: () => ({ kind: 'denied', reason: 'inside-address' }) });
    const answer = await say(world, get(name));
    expect([statuses(answer), jsonOf(answer)]).toMatchObject([['403'], { reason: 'inside-address', name }]);
    expect(world.refusals).toMatchObject([{ reason: 'inside-address', name }]);
  });

  test('after a body of some size, which is read and dropped', async () => {
    const world = await startWorld();
    const head = `POST / HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 500000\r\n\r\n`;
    const answer = await say(world, head + 'x'.repeat(500_000) + get(name));
    expect(statuses(answer)).toEqual(['403', '200']);
  });

  test('a request smuggled in a body stays in the body', async () => {
    const world = await startWorld();
    const inner = get('evil.test', '/smuggled');
    const head = `POST / HTTP/1.1\r\nHost: ${name}\r\nContent-Length: ${inner.length}\r\n\r\n`;
    expect(statuses(await say(world, head + inner))).toEqual(['200']);
    expect(world.seen).toMatchObject([{ line: 'POST /', body: inner }]);
  });
});

describe('what fails is told as a failure, never as a refusal', () => {
  test.each([
    ['no-such-name', '502', { kind: 'absent' }],
    ['no-address', '502', { kind: 'addresses', addresses: [], ttl: 5 }],
    ['dial-failed', '502', { kind: 'addresses', addresses: ['127.0.0.8'], ttl: 5 }],
  ] as const)('%s', async (trouble, status, resolution) => {
    const world = await startWorld({ resolve: () => resolution });
    const answer = await say(world, get(name));
    expect([statuses(answer), jsonOf(answer)]).toMatchObject([
      [status],
      { error: 'failed', reason: trouble, name },
    ]);
    expect(world.failures).toMatchObject([{ via: 'http', trouble, name, port: world.port }]);
    expect(world.refusals).toEqual([]);
  });

  test('a firewall that would not open', async () => {
    const world = await startWorld({ pin: () => Promise.reject(new Error('init would not')) });
    expect(jsonOf(await say(world, get(name)))).toMatchObject({ reason: 'pin-failed' });
    expect(world.seen).toEqual([]);
  });

  test('a server that hangs up without an answer', async () => {
    const world = await startWorld({ answer: (request) => void request.socket.destroy() });
    expect(statuses(await say(world, get(name)))).toEqual(['502']);
  });

  test('a server that hangs up in the middle of its answer cuts the client', async () => {
    const world = await startWorld({
      answer: (request, response) => {
        response.writeHead(200, { 'Content-Length': 10 });
        response.write('half');
        setTimeout(() => request.socket.destroy(), 20);
      },
    });
    const socket = await world.dial();
    const heard = hear(socket);
    socket.write(get(name));
    expect(String((await heard).bytes)).toMatch(/half$/);
    await until(() => world.proxy.open === 0);
  });

  test('a server that switches protocols unasked', async () => {
    const world = await startWorld();
    world.server.removeAllListeners('request');
    world.server.on('request', (request) => {
      request.socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    expect(statuses(await say(world, get(name)))).toEqual(['502']);
  });

  test.each([
    ['nothing', ''],
    ['half of its head', `GET / HTTP/1.1\r\nHost: ${name}\r\n`],
  ])('a client that says %s in time', async (_, text) => {
    const world = await startWorld({ limits: { hello: 100 } });
    expect(statuses(await say(world, text, { end: false }))).toEqual(['408']);
    expect(world.failures).toMatchObject([{ via: 'http', trouble: 'said-nothing' }]);
    await until(() => world.proxy.open === 0);
  });
});

describe('a connection of HTTP ends', () => {
  test('when the rule of a name it has asked for is taken away', async () => {
    const world = await startWorld({ answer: (_, response) => void response.write('on and on') });
    const socket = await world.dial();
    const heard = hear(socket);
    socket.write(get(name));
    await until(() => world.connections.length === 1);
    await until(() => socket.bytesRead > 0);
    world.setRules(rule(other, world.port, 'http'));
    expect(world.proxy.reconsider()).toBe(1);
    expect((await heard).error).toBe('ECONNRESET');
    await until(() => world.connections.every((connection) => connection.destroyed));
  });

  test('with its connections to servers when the client goes', async () => {
    const world = await startWorld();
    const socket = await world.dial();
    socket.write(get(name) + get(other));
    await until(() => world.seen.length === 2);
    socket.resetAndDestroy();
    await until(
      () => world.proxy.open === 0 && world.connections.every((connection) => connection.destroyed),
    );
  });

  test('when the server no longer knows the connection it kept, as it would without us', async () => {
    const world = await startWorld();
    const socket = await world.dial();
    const heard = hear(socket);
    socket.write(get(name, '/1'));
    await until(() => world.seen.length === 1);
    for (const connection of world.connections) connection.on('data', () => connection.destroy());
    socket.write(get(name, '/2'));
    expect(statuses(String((await heard).bytes))).toEqual(['200']);
    expect(world.failures).toEqual([]);
  });
});
