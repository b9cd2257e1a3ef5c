import { BoundSocket, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeKnownAddresses } from '../../../../src/network/proxy/known-addresses.ts';
import { planFor } from '../../../../src/network/proxy/plan-connection.ts';
import { listenProxy } from '../../../../src/network/proxy/proxy.ts';
import type { Resolution } from '../../../../src/network/resolver/resolver-parts.ts';
import { makeAllowlist } from '../../../../src/policy/allowlist.ts';
import { captureHello } from './hellos.ts';
import { hear, home, listen, type Rig, type RigOptions, rule, startGuard, until } from './rig.ts';

const name = 'git.example.org';

interface World extends Rig {
  readonly port: number;
  readonly arrived: Socket[];
}

/** A proxy whose client dialled `home` itself, where a server speaks first. */
async function startWorld(options: Partial<RigOptions> = {}): Promise<World> {
  const arrived: Socket[] = [];
  const { port } = await listen(home, (socket) => {
    arrived.push(socket);
    socket.write('welcome');
    socket.pipe(socket);
  });
  const rules = [rule(name, port, 'tcp')];
  const rig = await startGuard({ rules, destination: { address: home, port }, ...options });
  return { ...rig, port, arrived };
}

describe('an opaque connection', () => {
  test('is relayed to the very address it dialled, which an allowed name has answered with', async () => {
    const world = await startWorld();
    world.proxy.learn(name, ['127.0.0.7', home]);
    const socket = await world.dial();
    const heard = hear(socket);
    await until(() => world.arrived.length === 1);
    socket.end('noise');
    expect(await heard).toEqual({ bytes: Buffer.from('welcomenoise'), error: null });
    expect(world.calls).toEqual([`pin ${name} ${world.port} ${home}`]);
    expect([world.refusals, world.failures]).toEqual([[], []]);
  });

  test.each([
    ['an address that nobody has asked for', (_: World) => {}],
    ['an address of a name without such a rule', ({ proxy }: World) => proxy.learn('evil.test', [home])],
    ['another address of the allowed name', ({ proxy }: World) => proxy.learn(name, ['127.0.0.7'])],
  ])('to %s is reset and told', async (_, prepare) => {
    const world = await startWorld();
    prepare(world);
    expect((await hear(await world.dial())).error).toBe('ECONNRESET');
    const place = { via: 'tcp', name: null, address: home, port: world.port };
    expect(world.refusals).toEqual([{ ...place, reason: 'no-such-address' }]);
    expect([world.calls, world.arrived]).toEqual([[], []]);
  });

  test('to a neighbour is relayed only where that still is, by whichever of its names', async () => {
    const beside = (neighbour: string, port: number) =>
      ({ ...rule(neighbour, port, 'tcp'), neighbour: true }) as const;
    const lives: Record<string, string> = { old: '127.0.0.7', db: home };
    const resolve = (asked: string): Resolution => ({
      kind: 'addresses',
      addresses: [lives[asked] ?? ''],
      ttl: 5,
    });
    const world = await startWorld({ resolve });
    world.setRules(beside('old', world.port), beside('db', world.port));
    world.proxy.learn('old', [home]);
    expect((await hear(await world.dial())).error).toBe('ECONNRESET');
    expect(world.refusals).toMatchObject([{ reason: 'no-such-address', name: 'old' }]);
    expect(world.calls).toEqual(['resolve old']);
    world.proxy.learn('db', [home]);
    const socket = await world.dial();
    const heard = hear(socket);
    await until(() => world.arrived.length === 1);
    socket.end('query');
    expect(await heard).toEqual({ bytes: Buffer.from('welcomequery'), error: null });
    expect(world.calls.at(-1)).toBe(`pin db ${world.port} ${home}`);
  });

  test('whose rule is for another port is reset and told', async () => {
    const world = await startWorld();
    world.proxy.learn(name, [home]);
    world.setRules(rule(name, 22, 'tcp'), rule('other.example.org', world.port, 'tcp'));
    expect((await hear(await world.dial())).error).toBe('ECONNRESET');
    expect(world.refusals).toMatchObject([{ reason: 'no-such-address' }]);
  });

  test('whose address was learned more than an hour ago is reset', async () => {
    let now = 0;
    const world = await startWorld({ now: () => now });
    world.proxy.learn(name, [home]);
    now = 3_600_001;
    expect((await hear(await world.dial())).error).toBe('ECONNRESET');
    expect(world.arrived).toEqual([]);
  });

  test('is reset when the firewall would not open, and that is a failure', async () => {
    const world = await startWorld({ pin: () => Promise.reject(new Error('no')) });
    world.proxy.learn(name, [home]);
    expect((await hear(await world.dial())).error).toBe('ECONNRESET');
    expect(world.failures).toMatchObject([{ via: 'tcp', trouble: 'pin-failed', name }]);
    expect(world.arrived).toEqual([]);
  });
});

describe('addresses that names were known by', () => {
  test('are forgotten after an hour, and the oldest when there are too many', () => {
    let now = 0;
    const known = makeKnownAddresses(() => now);
    known.learn('old.example.org', ['198.51.100.1']);
    now = 1000;
    known.learn(name, ['198.51.100.1', '198.51.100.2']);
    expect(known.namesOf('198.51.100.1')).toEqual(['old.example.org', name]);
    now = 3_600_500;
    expect(known.namesOf('198.51.100.1')).toEqual([name]);
    for (let i = 0; i < 4095; i++) known.learn(`n${i}.example.org`, ['198.51.100.9']);
    expect(known.namesOf('198.51.100.1')).toEqual([]);
    expect(known.namesOf('198.51.100.2')).toEqual([name]);
  });
});

describe('how a connection is heard', () => {
  const rules = [rule('a.example.org', 443), rule('b.example.org', 80, 'http'), rule(name, 22, 'tcp')];
  const allowlist = makeAllowlist([...rules, rule(name, 443, 'tcp')]);
  const speaks = (port: number, names: string[] = []) =>
    planFor(allowlist, { address: '198.51.100.1', port }, names).speaks;

  test('follows from its port, and from its address only where an opaque rule says so', () => {
    expect([speaks(443), speaks(443, ['a.example.org'])]).toEqual(['tls', 'tls']);
    expect([speaks(80), speaks(80, [name])]).toEqual(['http', 'http']);
    expect([speaks(443, [name]), speaks(22, ['a.example.org', name])]).toEqual(['tcp', 'tcp']);
    expect([speaks(22), speaks(22, ['a.example.org'])]).toEqual(['nothing', 'nothing']);
  });

  test('is TLS on a port that no rule speaks of, for the name to be told', () => {
    expect(speaks(8443)).toBe('tls');
  });
});

test('a connection that was not redirected is reset, and never relayed to the proxy itself', async () => {
  const world = await startWorld({ destination: null });
  expect((await hear(await world.dial())).error).toBe('ECONNRESET');
  expect(world.proxy.open).toBe(0);
});

describe('a change of the list', () => {
  test('ends the connections it no longer allows, and no other', async () => {
    const { port } = await listen(home, (socket) => socket.pipe(socket));
    const [one, other] = [rule('one.example.org', port), rule('other.example.org', port)];
    const world = await startGuard({ rules: [one, other], destination: { address: '198.51.100.7', port } });
    const [first, second] = [await world.dial(), await world.dial()];
    const [heardFirst, heardSecond] = [hear(first), hear(second)];
    first.write(await captureHello({ servername: one.name }));
    second.write(await captureHello({ servername: other.name }));
    await until(() => first.bytesRead > 0 && second.bytesRead > 0);
    expect(world.proxy.reconsider()).toBe(0);
    world.setRules(other);
    expect(world.proxy.reconsider()).toBe(1);
    expect((await heardFirst).error).toBe('ECONNRESET');
    second.end('still here');
    expect(String((await heardSecond).bytes)).toMatch(/still here$/);
    await until(() => world.proxy.open === 0);
  });

  test('ends a connection whose name keeps its rule on another port alone', async () => {
    const world = await startWorld();
    world.proxy.learn(name, [home]);
    const heard = hear(await world.dial());
    await until(() => world.arrived.length === 1);
    world.setRules(rule(name, 443));
    expect(world.proxy.reconsider()).toBe(1);
    expect((await heard).error).toBe('ECONNRESET');
  });
});

describe('too many connections', () => {
  const tls = { rules: [rule(name, 443)], destination: { address: '198.51.100.7', port: 443 } };

  test('without a name: whoever has waited longest gives way', async () => {
    const world = await startGuard({ ...tls, limits: { unproven: 3, hello: 5000 } });
    const first = await world.dial();
    const heard = hear(first);
    await until(() => world.proxy.open === 1);
    const others = [await world.dial(), await world.dial(), await world.dial()];
    expect((await heard).error).toBe('ECONNRESET');
    await until(() => world.proxy.open === 3);
    expect(others.map((socket) => socket.destroyed)).toEqual([false, false, false]);
    expect(world.failures).toMatchObject([{ via: 'tcp', trouble: 'overloaded' }]);
  });

  test('in all: a relay never gives way to a newcomer', async () => {
    const world = await startWorld({ limits: { connections: 2 } });
    world.proxy.learn(name, [home]);
    const relays = [await world.dial(), await world.dial()];
    await until(() => world.arrived.length === 2);
    expect((await hear(await world.dial())).error).toBe('ECONNRESET');
    expect(world.failures).toMatchObject([{ trouble: 'overloaded' }]);
    expect([relays.map((socket) => socket.destroyed), world.proxy.open]).toEqual([[false, false], 2]);
  });
});

test('the proxy serves a socket that somebody else has bound', async () => {
  const bound = new BoundSocket({ host: '127.0.0.1', port: 0 });
  const taken: Socket[] = [];
  const proxy = {
    take: (socket: Socket) => void taken.push(socket),
    learn: () => {},
    reconsider: () => 0,
    open: 0,
  };
  const server = await listenProxy(proxy, { fd: bound.fd() });
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const { connect } = await import('node:net');
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  onTestFinished(() => void client.destroy());
  await until(() => taken.length === 1);
  expect([taken[0]?.allowHalfOpen, taken[0]?.isPaused()]).toEqual([true, false]);
  taken[0]?.destroy();
});
