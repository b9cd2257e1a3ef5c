import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { FakeMachine } from '../../../../src/host/fake-host.ts';
import { acknowledge, refuseWith } from '../../../../src/host/fake-netfilter.ts';
import { makeFirewall } from '../../../../src/network/firewall/firewall.ts';
import type { KernelReport } from '../../../../src/network/firewall/pins/kernel-pins.ts';
import { renderPinBatch } from '../../../../src/network/firewall/pins/pin-batch.ts';
import { PinTable } from '../../../../src/network/firewall/pins/pins.ts';
import { makeAddressJudge, makeOpenJudge } from '../../../../src/policy/address-class.ts';
import { makeAllowlist } from '../../../../src/policy/allowlist.ts';
import { parseRules } from '../../../../src/policy/parse-rules.ts';
import type { Rule } from '../../../../src/policy/rule.ts';

const restore = /^\/usr\/sbin\/iptables-nft-restore --noflush -w$/;
const nft = /^\/usr\/sbin\/nft -f -$/;

function setUp({ sets = false, byAddress = false } = {}) {
  const machine = new FakeMachine();
  machine.prepare(restore);
  machine.prepare(nft, sets ? {} : new Error('Operation not supported'));
  const reports: KernelReport[] = [];
  const firewall = makeFirewall({
    host: machine.program(),
    allowlist: listOf('github.com\ngithub.com:80\n*.wild.example'),
    own: [
      { name: 'ntfy.example', port: 8443 },
      { name: 'squid', port: 3128, anywhere: true },
    ],
    mayOpen: makeOpenJudge({ connected: [], local: [] }),
    mayDial: makeAddressJudge({ connected: [], local: [], allowed: [] }),
    mayReach: (name) => (address) => name === 'db' && address === '10.0.0.7',
    backend: 'nft',
    dialler: 65053,
    byAddress,
    changed: (report) => reports.push(report),
  });
  const documents = (program: RegExp) =>
    machine.commands.filter(({ argv }) => program.test(argv.join(' '))).map(({ stdin }) => stdin ?? '');
  const told = () =>
    documents(restore).map((text) =>
      [...text.matchAll(/-d (\S+)\/32 .*--dport (\d+)/g)].map((match) => `${match[1]}:${match[2]}`),
    );
  return { machine, firewall, reports, told, documents };
}
/** The kernel takes no change of the set, neither from init nor from nft. */
function refuseAll(machine: FakeMachine, why: string) {
  machine.prepare(nft, new Error(why));
  machine.sockets.netfilter = refuseWith(constants.errno.EBUSY);
}
function refuseNothing(machine: FakeMachine) {
  machine.prepare(nft);
  machine.sockets.netfilter = acknowledge;
}
const db: Rule = { name: 'db', wildcard: false, port: 5432, protocol: 'tcp', neighbour: true };
const listOf = (text: string) => makeAllowlist(parseRules(text, 'x').rules);
const pin = (name: string, ...addresses: string[]) => ({ name, port: null, addresses, ttl: 60 });

describe('the firewall', () => {
  test('opens an allowed name’s address on every port its rules name', async () => {
    const { firewall, told, reports } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    expect(told()).toEqual([['203.0.113.1:80', '203.0.113.1:443']]);
    expect(reports).toEqual([{ pins: 2, pinning: 'chain', failure: null }]);
  });

  test('opens the operator’s proxy wherever it is, but where nothing opens, and not for the agent’s names', async () => {
    const { firewall, told } = setUp();
    const wish = { ...pin('squid', '172.18.0.1'), port: 3128 };
    await expect(firewall.pin(wish)).rejects.toThrow('not allowed');
    await firewall.pin({ ...wish, own: true });
    expect(told()).toEqual([['172.18.0.1:3128']]);
    await expect(firewall.pin({ ...wish, addresses: ['169.254.169.254'], own: true })).rejects.toThrow(
      'may not be dialled',
    );
    await expect(firewall.pin({ ...pin('ntfy.example', '172.18.0.1'), own: true })).rejects.toThrow(
      'may not be dialled',
    );
  });

  test('opens a neighbour’s port where a neighbour may be, and no allowed name there', async () => {
    const { firewall, told } = setUp();
    await firewall.setRules(makeAllowlist([...parseRules('github.com', 'x').rules, db]));
    await firewall.pin(pin('db', '10.0.0.7'));
    expect(told().at(-1)).toEqual(['10.0.0.7:5432']);
    for (const [name, address] of [
      ['db', '10.0.0.8'],
      ['db', '203.0.113.1'],
      ['github.com', '10.0.0.7'],
    ] as const)
      await expect(firewall.pin(pin(name, address))).rejects.toThrow('may not be dialled');
    await expect(firewall.pin({ ...pin('db', '10.0.0.7'), port: 443 })).rejects.toThrow('no rule opens');
  });

  test('opens a name of the box’s own on its port alone, for the box alone, and names it to nobody', async () => {
    const { firewall, told } = setUp();
    const own = { name: 'ntfy.example', port: 8443, addresses: ['203.0.113.9'], ttl: 60 };
    await expect(firewall.pin(own)).rejects.toThrow(/not allowed/);
    await expect(firewall.pin({ ...own, own: true, port: 443 })).rejects.toThrow(/no rule opens/);
    await expect(firewall.pin({ ...own, own: true, name: 'github.com' })).rejects.toThrow(/not allowed/);
    await expect(firewall.pin({ ...own, own: true, addresses: ['10.0.0.1'] })).rejects.toThrow(
      /may not be dialled/,
    );
    await firewall.pin({ ...own, own: true });
    expect(told()).toEqual([['203.0.113.9:8443']]);
    expect(firewall.nameAt('203.0.113.9')).toBeNull();
    await firewall.pin({ ...own, name: 'github.com', port: 443 });
    expect(firewall.nameAt('203.0.113.9')).toBe('github.com');
    // Another list of the agent's changes nothing of it.
    await firewall.setRules(listOf('other.example'));
    expect(firewall.nameAt('203.0.113.9')).toBeNull();
    expect(firewall.size).toBe(1);
  });

  test('opens nothing of the box’s own where the agent dials for itself', async () => {
    const { firewall } = setUp({ byAddress: true });
    const own = { name: 'ntfy.example', port: 8443, addresses: ['203.0.113.9'], ttl: 60, own: true };
    await expect(firewall.pin(own)).rejects.toThrow(/not allowed/);
  });

  test.each([
    ['a name that is not allowed', pin('evil.test', '203.0.113.1'), /not allowed/],
    ['a look-alike', pin('evilgithub.com', '203.0.113.1'), /not allowed/],
    ['loopback', pin('github.com', '127.0.0.1'), /may not be dialled/],
    [
      'the metadata service beside a good address',
      pin('github.com', '203.0.113.1', '169.254.169.254'),
      /may not be dialled/,
    ],
    [
      'a rule smuggled into the address',
      pin('github.com', '0.0.0.0/0 -j ACCEPT\n-A X'),
      /may not be dialled/,
    ],
    ['a range', pin('github.com', '203.0.113.0/24'), /may not be dialled/],
    ['an IPv6 address', pin('github.com', '2001:db8::1'), /may not be dialled/],
  ])('believes no resolver that asks for %s', async (_, request, why) => {
    const { firewall, machine } = setUp();
    await expect(firewall.pin(request)).rejects.toThrow(why);
    expect(machine.commands).toEqual([]);
    expect(firewall.size).toBe(0);
  });

  test('tells the kernel nothing where nothing is new', async () => {
    const { firewall, told } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    await firewall.pin(pin('github.com', '203.0.113.1'));
    expect(told()).toHaveLength(1);
  });

  test('opens one port alone when asked for it, and no port that has no rule', async () => {
    const { firewall, told } = setUp();
    await firewall.pin({ ...pin('github.com', '203.0.113.1'), port: 80 });
    expect(told()).toEqual([['203.0.113.1:80']]);
    await expect(firewall.pin({ ...pin('github.com', '203.0.113.1'), port: 22 })).rejects.toThrow(
      'no rule opens',
    );
  });

  test('puts what comes while the kernel is being told into one next round', async () => {
    const { firewall, told } = setUp();
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => firewall.pin(pin('a.wild.example', `203.0.113.${index}`))),
    );
    expect(told()).toHaveLength(2);
    expect(told()[1]).toHaveLength(50);
  });

  test('lets nobody go on before the kernel has their address', async () => {
    const { firewall, machine } = setUp();
    const release: (() => void)[] = [];
    machine.prepare(restore, () => new Promise((resolve) => release.push(() => resolve({}))));
    const done: string[] = [];
    const first = firewall.pin(pin('github.com', '203.0.113.1')).then(() => done.push('first'));
    const same = firewall.pin(pin('github.com', '203.0.113.1')).then(() => done.push('same'));
    const second = firewall.pin(pin('github.com', '203.0.113.2')).then(() => done.push('second'));
    await tick();
    expect(done).toEqual([]);
    release[0]?.();
    await Promise.all([first, same]);
    await tick();
    expect(done).toEqual(['first', 'same']);
    release[1]?.();
    await second;
  });

  test('reports a kernel that refuses, and tries again with the next request although it brings nothing new', async () => {
    const { firewall, machine, reports, told } = setUp();
    machine.prepare(restore, new Error('Resource temporarily unavailable'));
    await expect(firewall.pin(pin('github.com', '203.0.113.1'))).rejects.toThrow('unavailable');
    expect(reports.at(-1)?.failure).toContain('unavailable');
    await expect(firewall.pin(pin('github.com', '203.0.113.1'))).rejects.toThrow('unavailable');
    machine.prepare(restore);
    await firewall.pin(pin('github.com', '203.0.113.1'));
    expect(told().at(-1)).toContain('203.0.113.1:443');
    expect(reports.at(-1)).toEqual({ pins: 2, pinning: 'chain', failure: null });
  });

  test('lets who wants an address the kernel has go on although it refuses another', async () => {
    const { firewall, machine } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    machine.prepare(restore, new Error('Resource temporarily unavailable'));
    await expect(firewall.pin(pin('github.com', '203.0.113.2'))).rejects.toThrow('unavailable');
    await firewall.pin(pin('github.com', '203.0.113.1'));
    await expect(firewall.pin(pin('github.com', '203.0.113.2'))).rejects.toThrow('unavailable');
  });

  test('closes an address when its answer has run out, after a minute at least', async () => {
    const { firewall, machine, told } = setUp();
    await firewall.pin({ ...pin('github.com', '203.0.113.1'), ttl: 0 });
    machine.clock.now += 59_000;
    await firewall.expire();
    expect(told()).toHaveLength(1);
    machine.clock.now += 2000;
    await firewall.expire();
    expect(told().at(-1)).toEqual([]);
    expect(firewall.size).toBe(0);
  });

  test('closes it then, not a day sooner or later, when the clock is set', async () => {
    const { firewall, machine } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    machine.clock.ahead = 86_400_000;
    await firewall.expire();
    expect(firewall.size).toBe(2);
    machine.clock.ahead = -86_400_000;
    machine.clock.now += 61_000;
    await firewall.expire();
    expect(firewall.size).toBe(0);
  });

  test('believes no answer that wants to live for years', async () => {
    const { firewall, machine } = setUp();
    await firewall.pin({ ...pin('github.com', '203.0.113.1'), ttl: Number.MAX_SAFE_INTEGER });
    machine.clock.now += 3601_000;
    await firewall.expire();
    expect(firewall.size).toBe(0);
  });

  test('redirects the ports of another list, and closes what only the old one opened', async () => {
    const { firewall, told, documents } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    await firewall.pin(pin('a.wild.example', '203.0.113.2', '203.0.113.1'));
    await firewall.setRules(listOf('*.wild.example\nother.test:8443'));
    expect(
      documents(restore)
        .find((text) => text.startsWith('*nat'))
        ?.match(/--dport \d+/g),
    ).toEqual(['--dport 443', '--dport 8443']);
    expect(told().at(-1)).toEqual(['203.0.113.1:443', '203.0.113.2:443']);
    await expect(firewall.pin(pin('github.com', '203.0.113.1'))).rejects.toThrow('not allowed');
  });

  test('keeps the old list where the kernel refuses the new one’s ports', async () => {
    const { firewall, machine } = setUp();
    machine.prepare(restore, new Error('Resource temporarily unavailable'));
    await expect(firewall.setRules(listOf('other.test:8443'))).rejects.toThrow('unavailable');
    machine.prepare(restore);
    await firewall.pin(pin('github.com', '203.0.113.1'));
    expect(firewall.size).toBe(2);
  });

  test('keeps the old list where the kernel will not close what the new one removed', async () => {
    const { firewall, machine, documents } = setUp({ sets: true });
    await firewall.pin({ ...pin('github.com', '203.0.113.1'), port: 443 });
    refuseAll(machine, 'Device or resource busy');
    await expect(firewall.setRules(listOf('other.test:8443'))).rejects.toThrow('busy');
    expect(
      documents(restore)
        .at(-1)
        ?.match(/--dport \d+/g),
    ).toEqual(['--dport 80', '--dport 443']);
    refuseNothing(machine);
    await firewall.pin({ ...pin('github.com', '203.0.113.1'), port: 443 });
    await expect(firewall.pin(pin('other.test', '203.0.113.1'))).rejects.toThrow('not allowed');
  });

  test('takes a list that removes nothing although the kernel is behind', async () => {
    const { firewall, machine } = setUp({ sets: true });
    await firewall.pin({ ...pin('github.com', '203.0.113.1'), port: 443 });
    refuseAll(machine, 'Device or resource busy');
    await expect(firewall.pin({ ...pin('github.com', '203.0.113.2'), port: 443 })).rejects.toThrow('busy');
    await firewall.setRules(listOf('github.com\ngithub.com:80\nother.test'));
  });

  test('knows a name by its address, to say what was meant', async () => {
    const { firewall } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    expect([firewall.nameAt('203.0.113.1'), firewall.nameAt('203.0.113.9')]).toEqual(['github.com', null]);
  });
});

describe('where the kernel has sets, the firewall', () => {
  const one = { address: '203.0.113.1', port: 443 };
  const other = { address: '203.0.113.2', port: 443 };

  test('adds and removes single elements itself, however many there are', async () => {
    const { firewall, machine, documents, reports } = setUp({ sets: true });
    await firewall.pin({ ...pin('github.com', one.address), port: 443 });
    await firewall.pin({ ...pin('github.com', other.address), port: 443, ttl: 300 });
    machine.clock.now += 61_000;
    await firewall.expire();
    expect(documents(nft)).toEqual([expect.stringContaining('{ 203.0.113.1 . 443 }')]);
    const added = renderPinBatch({ add: [other], remove: [] }, 1);
    const removed = renderPinBatch({ add: [], remove: [one] }, 1 + added.sequence.length);
    expect(machine.sockets.told).toEqual([added.octets, removed.octets]);
    expect(documents(restore)).toEqual([expect.stringContaining('-m mark')]);
    expect(reports.at(-1)).toEqual({ pins: 1, pinning: 'set', failure: null });
  });

  test('writes the whole set anew when a change of it is refused, and once more after a failure', async () => {
    const { firewall, machine, documents, reports } = setUp({ sets: true });
    await firewall.pin({ ...pin('github.com', one.address), port: 443 });
    refuseAll(machine, 'No such file or directory');
    await expect(firewall.pin({ ...pin('github.com', other.address), port: 443 })).rejects.toThrow('No such');
    expect(documents(nft).at(-1)).toContain('delete table ip cloister');
    expect(reports.at(-1)?.failure).toContain('the kernel refused the change of the pins: EBUSY');
    refuseNothing(machine);
    await firewall.expire();
    expect(documents(nft).at(-1)).toContain('{ 203.0.113.1 . 443, 203.0.113.2 . 443 }');
  });

  test.each([
    ['refuses a change', refuseWith(constants.errno.ENOENT)],
    ['does not answer', () => []],
    [
      'can not be reached',
      () => {
        throw new Error('the kernel’s packet filter could not be told: EPERM');
      },
    ],
    [
      'has its answer forged by a neighbour',
      (octets: Buffer) => acknowledge(octets).map((answer) => ({ ...answer, from: 4711 })),
    ],
  ])('lets nobody go on before the whole set is written where the kernel %s', async (_, netfilter) => {
    const { firewall, machine, documents, reports } = setUp({ sets: true });
    await firewall.pin({ ...pin('github.com', one.address), port: 443 });
    machine.sockets.netfilter = netfilter;
    await firewall.pin({ ...pin('github.com', other.address), port: 443 });
    expect(documents(nft).at(-1)).toContain('{ 203.0.113.1 . 443, 203.0.113.2 . 443 }');
    expect(reports.at(-1)).toEqual({ pins: 2, pinning: 'set', failure: null });
  });

  test('leaves a change of thousands to nft, as one transaction', async () => {
    const { firewall, machine, documents } = setUp({ sets: true });
    await firewall.pin({ ...pin('github.com', one.address), port: 443 });
    const many = Array.from({ length: 1001 }, (_, index) => `203.0.${100 + (index >> 8)}.${index & 255}`);
    await firewall.pin({ ...pin('github.com', ...many.slice(1)), port: 443 });
    expect([machine.sockets.told.length, documents(nft).length]).toEqual([1, 1]);
    machine.clock.now += 61_000;
    await firewall.expire();
    expect(machine.sockets.told).toHaveLength(1);
    expect(documents(nft).at(-1)).toMatch(
      /^delete element ip cloister pins \{ 203\.0\.113\.1 \. 443, [^\n]*\n$/,
    );
  });
});

describe('the table of pins', () => {
  const entry = (addresses: string[], ports: number[], name = 'github.com') => ({
    name,
    addresses,
    ports,
    lifetime: 60_000,
  });

  test('lives as long as its latest answer', () => {
    const pins = new PinTable();
    expect(pins.add(entry(['203.0.113.1'], [443]), 0)).toEqual([{ address: '203.0.113.1', port: 443 }]);
    expect(pins.add(entry(['203.0.113.1'], [443]), 50_000)).toEqual([]);
    expect(pins.expire(100_000)).toEqual([]);
    expect(pins.expire(110_000)).toEqual([{ address: '203.0.113.1', port: 443 }]);
    expect(pins.size).toBe(0);
  });

  test('keeps a shared address as long as one of its names may stand', () => {
    const pins = new PinTable();
    pins.add(entry(['203.0.113.1'], [443]), 0);
    pins.add(entry(['203.0.113.1'], [443], 'other.test'), 0);
    expect(pins.retain((name) => name === 'other.test')).toEqual([]);
    expect(pins.retain(() => false)).toEqual([{ address: '203.0.113.1', port: 443 }]);
  });

  test('is bounded, and takes all of an answer or nothing', () => {
    const pins = new PinTable();
    const ports = Array.from({ length: 19_999 }, (_, index) => index + 1);
    pins.add(entry(['203.0.113.1'], ports), 0);
    expect(() => pins.add(entry(['203.0.113.2'], [1, 2]), 0)).toThrow('20000');
    expect(pins.size).toBe(19_999);
    expect(pins.add(entry(['203.0.113.1'], [1]), 0)).toEqual([]);
    expect(pins.add(entry(['203.0.113.2'], [1]), 0)).toHaveLength(1);
  });
});

function tick(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
