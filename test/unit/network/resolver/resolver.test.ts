import Packet from 'dns2/packet';
import { describe, expect, test } from 'vitest';
import { makeResolver } from '../../../../src/network/resolver/resolver.ts';
import type { UpstreamAnswer } from '../../../../src/network/upstream/upstream-message.ts';
import { makeAddressJudge } from '../../../../src/policy/address-class.ts';
import { type Allowlist, makeAllowlist } from '../../../../src/policy/allowlist.ts';
import { parseRules } from '../../../../src/policy/parse-rules.ts';
import type { Rule } from '../../../../src/policy/rule.ts';
import { explanationOf, query, types } from './dns.ts';

const db: Rule = { name: 'db', wildcard: false, port: 5432, protocol: 'tcp', neighbour: true };

function setUp(given: Partial<UpstreamAnswer> | Error = {}) {
  const world = {
    asked: [] as string[],
    beside: [] as string[],
    pinned: [] as { name: string; addresses: readonly string[]; ttl: number }[],
    denied: [] as string[],
    troubles: [] as string[],
    rules: 'github.com\n*.wild.example',
    hangs: false,
    order: [] as string[],
    answer: given as Partial<UpstreamAnswer> | Error,
    pin: (): Promise<void> => Promise.resolve(),
    now: 0,
  };
  const lists = new Map<string, Allowlist>();
  const allowlist = (): Allowlist => {
    const list = lists.get(world.rules) ?? makeAllowlist([...parseRules(world.rules, 'x').rules, db]);
    lists.set(world.rules, list);
    return list;
  };
  const resolver = makeResolver({
    allowlist,
    ask: async (name) => {
      world.asked.push(name);
      if (world.answer instanceof Error) throw world.answer;
      return { rcode: 0, addresses: ['203.0.113.1'], ttl: 60, ...world.answer };
    },
    mayDial: makeAddressJudge({ connected: [], local: [], allowed: [] }),
    neighbours: {
      ask: async (name) => {
        world.beside.push(name);
        return { rcode: 0, addresses: ['10.0.0.7'], ttl: 600, ...(world.answer as Partial<UpstreamAnswer>) };
      },
      mayReach: () => (address) => address === '10.0.0.7',
    },
    learned: async (name, addresses, ttl) => {
      await world.pin();
      world.pinned.push({ name, addresses, ttl });
    },
    refused: ({ name, reason }) => world.denied.push(`${name}: ${reason}`),
    failed: ({ name, trouble }) => world.troubles.push(`${name}: ${trouble}`),
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

describe('a neighbour’s name', () => {
  test('is asked of the platform alone, and the answer is not held for long', async () => {
    const { world, ask } = setUp();
    expect(await ask('db')).toMatchObject({ rcode: 0, addresses: ['10.0.0.7'], ttl: 5 });
    expect([world.beside, world.asked]).toEqual([['db'], []]);
    await ask('github.com');
    expect([world.beside, world.asked]).toEqual([['db'], ['github.com']]);
  });

  test('that leads elsewhere is refused, and of several addresses only the neighbour’s is told', async () => {
    const { world, ask } = setUp({ addresses: ['169.254.169.254'] });
    expect(await ask('db')).toMatchObject({ rcode: 3, addresses: [] });
    expect([world.denied, world.pinned]).toEqual([['db: not-beside'], []]);
    world.answer = { addresses: ['203.0.113.1', '10.0.0.7'] };
    world.now += 6000;
    expect(await ask('db')).toMatchObject({ rcode: 0, addresses: ['10.0.0.7'] });
  });

  test('that the engine no longer knows is gone at once: nothing stale is told', async () => {
    const { world, ask } = setUp();
    await ask('db');
    world.answer = { rcode: 2, addresses: [] };
    world.now += 6000;
    expect(await ask('db')).toMatchObject({ rcode: 3, addresses: [] });
  });
});

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
    world.pin = () =>
      new Promise((resolve) => {
        open = resolve;
      });
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
    world.pin = () => Promise.reject(new Error('the firewall did not open'));
    expect(await ask('github.com')).toMatchObject({
      rcode: 2,
      addresses: [],
      why: 'the firewall did not open',
    });
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

describe('a finished answer', () => {
  test.each(['datagram', 'stream'] as const)(
    'is given again at once by %s, under the id of its query and with the seconds it has left',
    async (over) => {
      const { world, resolver } = setUp({ ttl: 60 });
      await resolver.answer(query('GitHub.com', 1, { id: 1, edns: 1232 }), over);
      world.now = 20_500;
      const again = resolver.answer(query('GitHub.com', 1, { id: 4242, edns: 1232 }), over);
      expect(again).toBeInstanceOf(Buffer);
      const message = Packet.parse(again as Buffer);
      expect(message).toMatchObject({ header: { id: 4242, rcode: 0 }, questions: [{ name: 'GitHub.com' }] });
      expect(message.answers).toEqual([expect.objectContaining({ address: '203.0.113.1', ttl: 40 })]);
      expect(message.errors).toEqual([]);
    },
  );

  test('echoes the casing of every client (0x20)', async () => {
    const { world, ask, resolver } = setUp();
    await ask('github.com');
    for (const name of ['GITHUB.com', 'gItHuB.cOm', 'GITHUB.com']) {
      const answer = (await resolver.answer(query(name))) as Buffer;
      expect(answer.subarray(12, 28)).toEqual(query(name).subarray(12, 28));
    }
    expect(world.asked).toHaveLength(1);
  });

  test('for a client that takes large datagrams is not given to one that does not', async () => {
    const { resolver } = setUp({ addresses: Array.from({ length: 60 }, (_, index) => `203.0.113.${index}`) });
    const flags = async (bytes: Buffer, over: 'datagram' | 'stream') =>
      Packet.parse((await resolver.answer(bytes, over)) as Buffer).header.tc;
    for (let round = 0; round < 2; round++) {
      expect(await flags(query('github.com', 1, { edns: 1232 }), 'datagram')).toBe(0);
      expect(await flags(query('github.com'), 'datagram')).toBe(1);
      expect(await flags(query('github.com'), 'stream')).toBe(0);
    }
  });

  test('is dropped with the list: a name removed is refused at once', async () => {
    const { world, resolver, ask } = setUp();
    await ask('github.com');
    await ask('github.com', types.AAAA);
    world.rules = 'other.example';
    resolver.forget();
    expect(await ask('github.com')).toMatchObject({ rcode: 3, addresses: [] });
    expect(await ask('github.com', types.AAAA)).toMatchObject({ rcode: 3 });
  });

  test('is no longer given once a newer one is known', async () => {
    const { world, resolver, ask } = setUp();
    await ask('github.com');
    world.answer = { addresses: ['203.0.113.2'] };
    await resolver.resolve('github.com', { fresh: true });
    expect((await ask('github.com')).addresses).toEqual(['203.0.113.2']);
  });

  test('is never one of a denied name: each query is counted', async () => {
    const { world, ask } = setUp();
    for (let index = 0; index < 5; index++) await ask('evil.test');
    expect(world.denied).toHaveLength(5);
  });
});

describe('while a name is looked up', () => {
  test('the list may change: a name removed meanwhile is refused', async () => {
    const { world, resolver, ask } = setUp();
    let open: () => void = () => {};
    world.pin = () =>
      new Promise((resolve) => {
        open = resolve;
      });
    const answer = ask('github.com');
    await new Promise((resolve) => void setImmediate(resolve));
    world.rules = 'other.example';
    resolver.forget();
    open();
    expect(await answer).toMatchObject({ rcode: 3, addresses: [] });
    world.rules = 'github.com';
    world.pin = () => Promise.resolve();
    await ask('github.com');
    expect(world.asked).toHaveLength(2);
  });

  test('a flood of others does not pile up: beyond a thousand waiting queries they fail at once', async () => {
    const { world, resolver } = setUp();
    world.pin = () => new Promise(() => {});
    const late = Array.from({ length: 1024 }, () => resolver.answer(query('github.com')));
    expect(late.every((one) => one instanceof Promise)).toBe(true);
    const answer = resolver.answer(query('github.com'));
    expect(Packet.parse(answer as Buffer).header.rcode).toBe(2);
    expect(world.troubles).toEqual(['github.com: overloaded']);
  });
});

test.each([
  ['CH', 3],
  ['ANY', 255],
])('a query of class %s for an allowed name is refused, and nothing goes upstream', async (_, wanted) => {
  const { world, resolver } = setUp();
  const bytes = query('github.com');
  bytes.writeUInt16BE(wanted, bytes.length - 2);
  expect(Packet.parse((await resolver.answer(bytes)) as Buffer).header.rcode).toBe(5);
  expect(world.asked).toEqual([]);
});

test('a name in Latin-1 that IDNA would turn into an allowed one is no name on the wire', async () => {
  const { world, resolver } = setUp();
  const bytes = query('githubxcom.github.com');
  bytes[13] = 0xaa;
  expect(Packet.parse((await resolver.answer(bytes)) as Buffer).header.rcode).toBe(3);
  expect(world.denied).toEqual(['null: not-a-name']);
});

describe('when an answer’s time is over and the upstream is down', () => {
  async function setUpStale(ttl = 60) {
    const all = setUp({ ttl });
    await all.ask('github.com');
    all.world.now = 61_000;
    all.world.answer = new Error('no upstream answered');
    return all;
  }

  test('the old answer is given, for a short time, and pinned again', async () => {
    const { world, ask } = await setUpStale();
    expect(await ask('github.com')).toMatchObject({ rcode: 0, addresses: ['203.0.113.1'], ttl: 30 });
    expect(world.pinned.at(-1)).toEqual({ name: 'github.com', addresses: ['203.0.113.1'], ttl: 30 });
    expect(world.troubles).toEqual([]);
  });

  test('the proxy is given it too', async () => {
    const { resolver } = await setUpStale();
    expect(await resolver.resolve('github.com')).toEqual({
      kind: 'addresses',
      addresses: ['203.0.113.1'],
      ttl: 30,
    });
  });

  test('the upstream is tried again every few seconds, not with every query', async () => {
    const { world, ask } = await setUpStale();
    for (let index = 0; index < 50; index++) await ask('github.com');
    expect(world.asked).toHaveLength(2);
    world.now += 5001;
    for (let index = 0; index < 50; index++) await ask('github.com');
    expect(world.asked).toHaveLength(3);
  });

  test('the first new answer takes the old one’s place', async () => {
    const { world, ask } = await setUpStale();
    await ask('github.com');
    world.answer = { addresses: ['203.0.113.2'] };
    world.now += 5001;
    await ask('github.com');
    expect(await ask('github.com')).toMatchObject({ addresses: ['203.0.113.2'], ttl: 60 });
  });

  test('a name that has ceased to exist is not revived', async () => {
    const { world, ask } = await setUpStale();
    await ask('github.com');
    world.answer = { rcode: 3, addresses: [] };
    world.now += 5001;
    await ask('github.com');
    expect(await ask('github.com')).toMatchObject({ rcode: 3, addresses: [] });
    world.answer = new Error('no upstream answered');
    world.now += 100_000;
    expect(await ask('github.com')).toMatchObject({ rcode: 2, addresses: [] });
  });

  test('a name that has moved to inside addresses is refused, not answered with its old ones', async () => {
    const { world, ask } = await setUpStale();
    world.answer = { addresses: ['10.0.0.1'] };
    expect(await ask('github.com')).toMatchObject({ rcode: 3, addresses: [] });
  });

  test('an answer of more than an hour ago is not', async () => {
    const { world, ask } = await setUpStale();
    world.now = 60_000 + 3_600_001;
    expect(await ask('github.com')).toMatchObject({ rcode: 2, addresses: [] });
  });

  test('an address the firewall does not open for is not', async () => {
    const { world, ask } = await setUpStale();
    world.pin = () => Promise.reject(new Error('the firewall did not open'));
    expect(await ask('github.com')).toMatchObject({ rcode: 2, addresses: [] });
    expect(world.troubles).toEqual(['github.com: pin-failed']);
  });

  test('an upstream that is up is believed: where its new address can’t be pinned, the old one is not given', async () => {
    const { world, ask } = await setUpStale();
    world.answer = { addresses: ['203.0.113.2'] };
    let pins = 0;
    world.pin = () =>
      pins++ === 0 ? Promise.reject(new Error('the firewall did not open')) : Promise.resolve();
    expect(await ask('github.com')).toMatchObject({ rcode: 2, addresses: [] });
    expect(await ask('github.com')).toMatchObject({ rcode: 0, addresses: ['203.0.113.2'] });
  });

  test('an upstream that hangs is not waited for beyond 1.8 s', async () => {
    const { world, ask } = setUp({ ttl: 60 });
    await ask('github.com');
    world.now = 61_000;
    world.pin = () => (world.asked.length > 1 && world.hangs ? new Promise(() => {}) : Promise.resolve());
    world.hangs = true;
    const start = performance.now();
    const answer = ask('github.com');
    setTimeout(() => {
      world.hangs = false;
    }, 1000);
    expect(await answer).toMatchObject({ addresses: ['203.0.113.1'], ttl: 30 });
    expect(performance.now() - start).toBeLessThan(2500);
  });
});

describe('names below a wildcard', () => {
  test('that are new are rationed: a thousand at once reach the upstream a hundred times', async () => {
    const { world, ask } = setUp();
    const seen = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => ask(`secret${index}.wild.example`)),
    );
    expect(world.asked).toHaveLength(100);
    expect(seen[999]).toMatchObject({ rcode: 5, why: 'too many new names below one wildcard' });
    expect(world.denied).toHaveLength(900);
    expect(world.denied.at(-1)).toBe('secret999.wild.example: too-many-names');
    world.now = 10_000;
    for (let index = 0; index < 100; index++) await ask(`later${index}.wild.example`);
    expect(world.asked).toHaveLength(120);
  });

  test('are rationed for the proxy as well', async () => {
    const { world, resolver } = setUp();
    for (let index = 0; index < 100; index++) await resolver.resolve(`n${index}.wild.example`);
    expect(await resolver.resolve('n100.wild.example')).toMatchObject({
      kind: 'denied',
      reason: 'too-many-names',
    });
    expect(world.asked).toHaveLength(100);
  });

  test.each([
    ['have answered', {}],
    ['do not exist', { rcode: 3, addresses: [] }],
    ['could not be looked up', new Error('no upstream answered')],
  ])('that %s are not counted again', async (_, given) => {
    const { world, resolver, ask } = setUp(given);
    for (let index = 0; index < 300; index++) await resolver.resolve('a.wild.example', { fresh: true });
    expect(world.asked).toHaveLength(300);
    for (let index = 0; index < 99; index++) await ask(`n${index}.wild.example`);
    expect(world.denied).toEqual([]);
  });

  test('do not use up what an exact rule allows', async () => {
    const { world, ask } = setUp();
    world.rules = `*.wild.example\nexact.wild.example`;
    for (let index = 0; index < 150; index++) await ask(`n${index}.wild.example`);
    expect(await ask('exact.wild.example')).toMatchObject({ rcode: 0, addresses: ['203.0.113.1'] });
  });
});

test('a name no rule covers is not asked upstream for the proxy either', async () => {
  const { world, resolver } = setUp();
  expect(await resolver.resolve('evil.test')).toMatchObject({ kind: 'denied', reason: 'name-not-allowed' });
  expect(world.asked).toEqual([]);
});

test('ten thousand names are kept, then the oldest goes', async () => {
  const { world, resolver } = setUp();
  world.rules = Array.from({ length: 10_001 }, (_, index) => `n${index}.exact.example`).join('\n');
  for (let index = 0; index <= 10_000; index++) await resolver.resolve(`n${index}.exact.example`);
  await resolver.resolve('n10000.exact.example');
  expect(world.asked).toHaveLength(10_001);
  await resolver.resolve('n0.exact.example');
  expect(world.asked).toHaveLength(10_002);
});

test.each([
  [0, 5],
  [30, 30],
  [86_400, 60],
])('absence that holds for %d s is remembered for %d s', async (ttl, kept) => {
  const { world, ask } = setUp({ rcode: 3, addresses: [], ttl });
  await ask('github.com');
  world.now = kept * 1000 - 1;
  expect(await ask('github.com')).toMatchObject({ rcode: 3 });
  expect(world.asked).toHaveLength(1);
  world.now += 1;
  await ask('github.com');
  expect(world.asked).toHaveLength(2);
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
