import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../../src/policy/refusal.ts';
import { captureHello, makeHello, sni } from './hellos.ts';
import { atHome, hear, home, listen, type Rig, type RigOptions, rule, startGuard, until } from './rig.ts';

const name = 'allowed.example.org';
const dialled = '198.51.100.7';

interface World extends Rig {
  readonly port: number;
  /** Connections that reached the name's own server. */
  readonly arrived: Socket[];
}

/** A proxy, and at the name's address a server that repeats what it hears. */
async function startWorld(options: Partial<RigOptions> = {}): Promise<World> {
  const arrived: Socket[] = [];
  const { port } = await listen(home, (socket) => {
    arrived.push(socket);
    socket.pipe(socket);
  });
  const destination = { address: dialled, port };
  const rig = await startGuard({ rules: [rule(name, port)], destination, ...options });
  return { ...rig, port, arrived };
}

const helloFor = (spoken: string) => captureHello({ servername: spoken });
const alert = (description: number) => Buffer.from([21, 3, 3, 0, 2, 2, description]);

/** Says it all at once and hears what comes back. */
async function say(world: World, bytes: Buffer | string) {
  const socket = await world.dial();
  const heard = hear(socket);
  socket.write(bytes);
  return heard;
}

describe('an allowed name', () => {
  test('is resolved, pinned, dialled at its own address, and relayed from the first octet on', async () => {
    const world = await startWorld();
    const hello = await helloFor(name);
    const socket = await world.dial();
    const heard = hear(socket);
    socket.write(hello);
    await until(() => world.arrived.length === 1);
    socket.end('and more');
    expect((await heard).bytes).toEqual(Buffer.concat([hello, Buffer.from('and more')]));
    expect(world.calls).toEqual([`resolve ${name}`, `pin ${name} ${world.port} ${home}`]);
    expect([world.refusals, world.failures]).toEqual([[], []]);
    await until(() => world.proxy.open === 0);
  });

  test('is let out when its hello comes octet by octet', async () => {
    const world = await startWorld();
    const hello = await helloFor(name);
    const socket = await world.dial();
    const heard = hear(socket);
    socket.setNoDelay(true);
    for (const octet of hello.subarray(0, 300)) {
      socket.write(Buffer.from([octet]));
      await new Promise(setImmediate);
    }
    socket.end(hello.subarray(300));
    expect((await heard).bytes).toEqual(hello);
  });

  test('is not dialled before the firewall is open for it', async () => {
    let open: () => void = () => {};
    const pinned = new Promise<void>((resolve) => {
      open = resolve;
    });
    const world = await startWorld({ pin: () => pinned });
    const socket = await world.dial();
    socket.write(await helloFor(name));
    await until(() => world.calls.length === 2);
    await new Promise((done) => setTimeout(done, 50));
    expect(world.arrived).toEqual([]);
    open();
    await until(() => world.arrived.length === 1);
  });
});

describe('a refused hello gets an alert that says why, and reaches nobody', () => {
  const hiding = [0xfe0d, Buffer.alloc(80, 1)] as const;
  const cases: readonly [string, () => Promise<Buffer> | Buffer, number, Partial<Refusal>][] = [
    [
      'a name that is not allowed',
      () => helloFor('evil.test'),
      112,
      { reason: 'name-not-allowed', name: 'evil.test' },
    ],
    [
      'an allowed name as the first labels of another',
      () => helloFor(`${name}.evil.test`),
      112,
      { reason: 'name-not-allowed', name: `${name}.evil.test` },
    ],
    [
      'an allowed name as the end of another label',
      () => helloFor(`evil${name}`),
      112,
      { reason: 'name-not-allowed', name: `evil${name}` },
    ],
    ['no name', () => captureHello({}), 109, { reason: 'no-name' }],
    ['an address for a name', () => makeHello({ extensions: [sni(dialled)] }), 112, { reason: 'not-a-name' }],
    [
      'an encrypted hello with an allowed outer name',
      () => makeHello({ extensions: [sni(name), hiding] }),
      49,
      { reason: 'hidden-name', name },
    ],
    [
      'two names, the first allowed',
      () => makeHello({ extensions: [sni(name, 'evil.test')] }),
      50,
      { reason: 'not-tls' },
    ],
    ['noise', () => Buffer.from('\x00\xff\x80noise', 'latin1'), 10, { reason: 'not-tls' }],
    [
      'a hello larger than any',
      () => Buffer.from([22, 3, 1, 0, 4, 1, 0, 0x50, 0]),
      22,
      { reason: 'too-large' },
    ],
  ];

  test.each(cases)('%s', async (_, hello, description, refusal) => {
    const world = await startWorld();
    const { bytes, error } = await say(world, await hello());
    expect([bytes, error]).toEqual([alert(description), null]);
    const place = { via: 'tls', name: null, address: dialled, port: world.port };
    expect(world.refusals).toEqual([{ ...place, ...refusal }]);
    expect([world.calls, world.arrived, world.failures]).toEqual([[], [], []]);
    await until(() => world.proxy.open === 0);
  });

  test('an allowed name on a port it has no rule for', async () => {
    const world = await startWorld();
    world.setRules(rule(name, 443), rule('other.example.org', world.port));
    expect((await say(world, await helloFor(name))).bytes).toEqual(alert(112));
    expect(world.refusals).toMatchObject([{ reason: 'port-not-allowed', name }]);
    expect(world.calls).toEqual([]);
  });

  test('an allowed name whose port is open for opaque connections alone', async () => {
    const world = await startWorld();
    world.setRules(rule(name, world.port, 'tcp'), rule('other.example.org', world.port));
    expect((await say(world, await helloFor(name))).bytes).toEqual(alert(112));
    expect(world.refusals).toMatchObject([{ reason: 'port-not-allowed', name }]);
  });

  test('a client that has sent much more than its hello still reads the alert', async () => {
    const world = await startWorld();
    const long = Buffer.concat([await helloFor('evil.test'), Buffer.alloc(150_000, 23)]);
    expect(await say(world, long)).toEqual({ bytes: alert(112), error: null });
  });

  test('plain HTTP on a TLS port is told in HTTP', async () => {
    const world = await startWorld();
    const { bytes } = await say(world, `GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`);
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(JSON.parse(String(bytes).split('\r\n\r\n')[1] ?? '')).toMatchObject({
      reason: 'not-tls',
      name: null,
    });
  });

  test('a hello that ends in its middle', async () => {
    const world = await startWorld();
    const socket = await world.dial();
    const heard = hear(socket);
    socket.end((await helloFor(name)).subarray(0, 200));
    expect((await heard).bytes).toEqual(alert(10));
    expect(world.arrived).toEqual([]);
  });

  test('a real TLS client understands it', async () => {
    const { connect } = await import('node:tls');
    const world = await startWorld();
    const socket = await world.dial();
    const client = connect({ socket, servername: 'evil.test' });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => client.on('error', resolve));
    expect(error.code).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
  });
});

describe('an encrypted hello', () => {
  const hidden = (spoken: string) => makeHello({ extensions: [sni(spoken), [0xfe0d, Buffer.alloc(80, 1)]] });
  const open = (named: string, port: number) => ({ ...rule(named, port), ech: true as const });

  test('is let out by the name it shows where that name has a rule that says so', async () => {
    const world = await startWorld();
    world.setRules(rule(name, world.port), open(name, world.port));
    const socket = await world.dial();
    const heard = hear(socket);
    socket.end(hidden(name));
    expect((await heard).bytes).toEqual(hidden(name));
    expect([world.refusals, world.failures]).toEqual([[], []]);
  });

  test('is refused where another name, another port or another protocol has that rule', async () => {
    const world = await startWorld();
    world.setRules(rule(name, world.port), open(name, 443), open('other.example.org', world.port));
    expect((await say(world, hidden(name))).bytes).toEqual(alert(49));
    expect(world.refusals).toMatchObject([{ reason: 'hidden-name', name }]);
  });

  test('for a name that is not allowed, or for none, is refused whatever other rules say', async () => {
    const world = await startWorld();
    world.setRules(open(name, world.port));
    expect((await say(world, hidden('evil.test'))).bytes).toEqual(alert(112));
    const nameless = makeHello({ extensions: [[0xfe0d, Buffer.alloc(80, 1)]] });
    expect((await say(world, nameless)).bytes).toEqual(alert(49));
    expect(world.refusals.map(({ reason }) => reason)).toEqual(['name-not-allowed', 'hidden-name']);
  });

  test('is cut once the rule no longer says so, and one that hides nothing lives on', async () => {
    const world = await startWorld();
    world.setRules(open(name, world.port));
    const [hiding, plain] = [await world.dial(), await world.dial()];
    const heard = hear(hiding);
    hiding.write(hidden(name));
    plain.write(await helloFor(name));
    await until(() => world.arrived.length === 2);
    world.setRules(rule(name, world.port));
    expect(world.proxy.reconsider()).toBe(1);
    expect((await heard).error).toBe('ECONNRESET');
    expect(plain.destroyed).toBe(false);
  });
});

describe('a policy that is found out late', () => {
  test('refuses a name that answers with inside addresses alone', async () => {
    const world = await startWorld({ resolve: () => ({ kind: 'denied', reason: 'inside-address' }) });
    expect((await say(world, await helloFor(name))).bytes).toEqual(alert(49));
    expect(world.refusals).toMatchObject([{ via: 'tls', reason: 'inside-address', name }]);
    expect(world.failures).toEqual([]);
  });

  test.each(['resolve', 'pin'] as const)(
    'refuses a name whose rule is taken away during %s',
    async (moment) => {
      const world: World = await startWorld({
        resolve: () => {
          if (moment === 'resolve') world.setRules();
          return atHome;
        },
        pin: () => world.setRules(),
      });
      expect((await say(world, await helloFor(name))).bytes).toEqual(alert(112));
      expect(world.refusals).toMatchObject([{ reason: 'name-not-allowed', name }]);
      expect(world.calls.length).toBe(moment === 'resolve' ? 1 : 2);
      expect(world.arrived).toEqual([]);
    },
  );

  test('does not dial for a client that has gone', async () => {
    const { resolve, promise } = Promise.withResolvers<typeof atHome>();
    const world = await startWorld({ resolve: () => promise });
    world.proxy.reconsider();
    const socket = await world.dial();
    socket.write(await helloFor(name));
    await until(() => world.calls.length === 1);
    world.setRules();
    expect(world.proxy.reconsider()).toBe(1);
    world.setRules(rule(name, world.port));
    resolve(atHome);
    await until(() => world.proxy.open === 0);
    expect([world.calls.length, world.arrived.length]).toEqual([1, 0]);
  });
});

describe('what fails is told as a failure, never as a refusal', () => {
  test.each([
    ['no-such-name', { kind: 'absent' }],
    ['no-address', { kind: 'addresses', addresses: [], ttl: 5 }],
    ['upstream-silent', { kind: 'failed', trouble: 'upstream-silent', detail: 'nobody' }],
    ['dial-failed', { kind: 'addresses', addresses: ['127.0.0.8'], ttl: 5 }],
  ] as const)('%s', async (trouble, resolution) => {
    const world = await startWorld({ resolve: () => resolution });
    expect((await say(world, await helloFor(name))).bytes).toEqual(alert(80));
    expect(world.failures).toMatchObject([{ via: 'tls', trouble, name, port: world.port }]);
    expect(world.refusals).toEqual([]);
  });

  test('a firewall that would not open', async () => {
    const world = await startWorld({ pin: () => Promise.reject(new Error('init would not')) });
    expect((await say(world, await helloFor(name))).bytes).toEqual(alert(80));
    expect(world.failures).toMatchObject([{ trouble: 'pin-failed', detail: 'init would not' }]);
    expect(world.arrived).toEqual([]);
  });

  test.each([
    ['nothing', 0],
    ['half of its hello', 200],
  ])('a client that says %s in time', async (_, octets) => {
    const world = await startWorld({ limits: { hello: 60 } });
    expect((await say(world, (await helloFor(name)).subarray(0, octets))).bytes).toEqual(alert(80));
    expect(world.failures).toMatchObject([{ via: 'tls', trouble: 'said-nothing', name: null }]);
    await until(() => world.proxy.open === 0);
  });

  test('a client that dawdles, an octet at a time', async () => {
    const world = await startWorld({ limits: { hello: 150 } });
    const hello = await helloFor(name);
    const socket = await world.dial();
    const heard = hear(socket);
    let next = 0;
    const pace = setInterval(() => socket.write(hello.subarray(next, ++next)), 10);
    expect((await heard).bytes).toEqual(alert(80));
    clearInterval(pace);
    expect(world.failures).toMatchObject([{ trouble: 'said-nothing' }]);
  });

  test('a probe that opens and closes is neither', async () => {
    const world = await startWorld();
    (await world.dial()).end();
    await until(() => world.proxy.open === 0);
    expect([world.refusals, world.failures]).toEqual([[], []]);
  });
});
