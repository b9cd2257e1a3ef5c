import Packet from 'dns2/packet';
import { describe, expect, test } from 'vitest';
import { makeAddressJudge } from '../../../../src/network/address-class.ts';
import { makeAllowlist } from '../../../../src/network/allowlist/allowlist.ts';
import { parseRules } from '../../../../src/network/allowlist/parse.ts';
import { makeResolver } from '../../../../src/network/resolver/resolver.ts';
import type { UpstreamAnswer } from '../../../../src/network/resolver/upstream-message.ts';
import { explanationOf, query, types } from './dns.ts';

function setUp(given: Partial<UpstreamAnswer> | Error = {}) {
  const world = {
    asked: [] as string[],
    pinned: [] as { name: string; addresses: readonly string[]; ttl: number }[],
    denied: [] as string[],
    order: [] as string[],
    answer: given as Partial<UpstreamAnswer> | Error,
    pin: (): Promise<void> => Promise.resolve(),
    now: 0,
  };
  const allowlist = makeAllowlist(parseRules('github.com\n*.wild.example', 'x').rules);
  const resolver = makeResolver({
    allowlist: () => allowlist,
    ask: async (name) => {
      world.asked.push(name);
      if (world.answer instanceof Error) throw world.answer;
      return { rcode: 0, addresses: ['203.0.113.1'], ttl: 60, ...world.answer };
    },
    mayDial: makeAddressJudge({ connected: [], allowed: [] }),
    learned: async (name, addresses, ttl) => {
      await world.pin();
      world.pinned.push({ name, addresses, ttl });
    },
    refused: ({ name, reason }) => world.denied.push(`${name}: ${reason}`),
    failed: () => {},
    now: () => world.now,
  });
  const ask = async (name: string, type = 1) => {
    const bytes = (await resolver.answer(query(name, type, { edns: 1232 }))) as Buffer;
    const message = Packet.parse(bytes);
    const addresses = message.answers.map((record) => record.address);
    return {
      rcode: message.header.rcode,
      addresses,
      ttl: message.answers[0]?.ttl,
      why: explanationOf(bytes)?.text,
    };
  };
  return { world, resolver, ask };
}

describe('a denied name', () => {
  test.each([
    'evil.test',
    'evilgithub.com',
    'github.com.evil.test',
    'c2VjcmV0.evil.test',
    'sub.github.com',
    'wild.example',
    'localhost',
    'com',
  ])('%s is answered «no such name» and causes no upstream query', async (name) => {
    const { world, ask } = setUp();
    expect(await ask(name)).toMatchObject({ rcode: 3, addresses: [] });
    expect(world.asked).toEqual([]);
    expect(world.pinned).toEqual([]);
  });

  test.each(Object.entries(types))('leaks nothing upstream through type %s either', async (_, type) => {
    const { world, ask } = setUp();
    expect(await ask('secret.evil.test', type)).toMatchObject({ rcode: 3, addresses: [] });
    expect(world.asked).toEqual([]);
  });

  test('is explained, and reported once per query under its normal form', async () => {
    const { world, ask } = setUp();
    expect((await ask('EVIL.test')).why).toBe('the name is not on the allowlist');
    expect(world.denied).toEqual(['evil.test: name-not-allowed']);
  });

  test('that is no host name is not printed', async () => {
    const { world, ask } = setUp();
    expect(await ask('a b\x1b[2J.github.com')).toMatchObject({
      rcode: 3,
      why: 'it is no host name that DNS could carry',
    });
    expect(world.denied).toEqual(['null: not-a-name']);
  });
});

describe('an allowed name', () => {
  test('is answered with its address, pinned before the answer', async () => {
    const { world, ask } = setUp();
    let open: () => void = () => {};
    world.pin = () => new Promise((resolve) => void (open = resolve));
    let answered = false;
    const answer = ask('GitHub.com').then((result) => {
      answered = true;
      return result;
    });
    await new Promise((resolve) => void setImmediate(resolve));
    expect(answered).toBe(false);
    open();
    expect(await answer).toMatchObject({ rcode: 0, addresses: ['203.0.113.1'], ttl: 60 });
    expect(world.pinned).toEqual([{ name: 'github.com', addresses: ['203.0.113.1'], ttl: 60 }]);
  });

  test.each(Object.entries(types).filter(([name]) => name !== 'A'))(
    'asked for %s has no data, and nothing goes upstream',
    async (_, type) => {
      const { world, ask } = setUp();
      expect(await ask('github.com', type)).toMatchObject({ rcode: 0, addresses: [] });
      expect(world.asked).toEqual([]);
    },
  );

  test('asked for a hundred times at once is asked upstream once', async () => {
    const { world, ask } = setUp();
    await Promise.all(Array.from({ length: 100 }, () => ask('a.wild.example')));
    expect(world.asked).toEqual(['a.wild.example']);
    expect(world.pinned).toHaveLength(1);
  });

  test('is kept as long as its answer lives, then asked again', async () => {
    const { world, ask } = setUp({ ttl: 60 });
    await ask('github.com');
    world.now = 59_000;
    await ask('github.com');
    expect(world.asked).toHaveLength(1);
    world.now = 60_001;
    await ask('github.com');
    expect(world.asked).toHaveLength(2);
  });

  test.each([
    [0, 5],
    [86_400, 300],
  ])('with a TTL of %d s is kept for %d s', async (ttl, kept) => {
    const { ask } = setUp({ ttl });
    expect((await ask('github.com')).ttl).toBe(kept);
  });

  test('is asked afresh when the pins are refreshed', async () => {
    const { world, resolver } = setUp();
    await resolver.resolve('github.com');
    await resolver.resolve('github.com', { fresh: true });
    expect(world.asked).toHaveLength(2);
  });

  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '224.0.0.1',
  ])('that answers %s (rebinding) is refused, not pinned, and said so', async (address) => {
    const { world, ask } = setUp({ addresses: [address] });
    expect(await ask('github.com')).toMatchObject({
      rcode: 3,
      addresses: [],
      why: 'the name answers only with private or local addresses',
    });
    expect(world.pinned).toEqual([]);
    expect(world.denied).toHaveLength(1);
  });

  test('keeps its public addresses and loses the private ones', async () => {
    const { world, ask } = setUp({ addresses: ['10.0.0.1', '203.0.113.1', '127.0.0.1'] });
    expect((await ask('github.com')).addresses).toEqual(['203.0.113.1']);
    expect(world.pinned[0]?.addresses).toEqual(['203.0.113.1']);
  });

  test('whose pin fails is a server failure, never an address nobody may dial; and the next query tries again', async () => {
    const { world, ask } = setUp();
    world.pin = () => Promise.reject(new Error('the wall did not open'));
    expect(await ask('github.com')).toMatchObject({ rcode: 2, addresses: [], why: 'the wall did not open' });
    world.pin = () => Promise.resolve();
    expect(await ask('github.com')).toMatchObject({ rcode: 0, addresses: ['203.0.113.1'] });
  });

  test('whose upstream is dead is a server failure and not remembered', async () => {
    const { world, ask } = setUp(new Error('no upstream answered for github.com'));
    expect(await ask('github.com')).toMatchObject({ rcode: 2, why: 'no upstream answered for github.com' });
    world.answer = {};
    expect(await ask('github.com')).toMatchObject({ rcode: 0 });
  });

  test.each([
    ['that does not exist', { rcode: 3, addresses: [] }, { rcode: 3 }],
    ['that the upstream refuses', { rcode: 5, addresses: [] }, { rcode: 2 }],
    ['that has no address', { addresses: [] }, { rcode: 0, addresses: [] }],
  ])('%s is told so and pins nothing', async (_, given, wanted) => {
    const { world, ask } = setUp(given);
    expect(await ask('github.com')).toMatchObject(wanted);
    expect(world.pinned).toEqual([]);
  });
});

test('no bytes an agent may send make the resolver throw or ask upstream for what is denied', async () => {
  const { world, resolver } = setUp();
  let state = 42;
  const random = (below: number) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const seeds = Object.values(types).map((type) => query('x.evil.test', type, { edns: 4096 }));
  for (let round = 0; round < 4000; round++) {
    const bytes = Buffer.from(seeds[random(seeds.length)] as Buffer);
    for (let flips = random(6); flips >= 0; flips--) bytes[random(bytes.length)] = random(256);
    const cut = random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    await expect(
      Promise.resolve(resolver.answer(cut)),
      `round ${round}: ${cut.toString('hex')}`,
    ).resolves.toSatisfy((answer: Buffer | null) => answer === null || answer.length > 0);
  }
  expect(world.asked).toEqual([]);
});
