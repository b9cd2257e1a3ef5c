import { describe, expect, test } from 'vitest';
import { FakeMachine } from '../../../../src/host/fake-host.ts';
import { makeAddressJudge } from '../../../../src/network/address-class.ts';
import { makeAllowlist } from '../../../../src/network/allowlist/allowlist.ts';
import { parseRules } from '../../../../src/network/allowlist/parse.ts';
import { makeFirewall } from '../../../../src/network/firewall/firewall.ts';
import { PinTable } from '../../../../src/network/firewall/pins.ts';

const restore = /^\/usr\/sbin\/iptables-nft-restore --noflush -w$/;

function setUp() {
  const machine = new FakeMachine();
  machine.prepare(restore);
  const reports: { pins: number; failure: string | null }[] = [];
  const firewall = makeFirewall({
    host: machine.program(),
    allowlist: makeAllowlist(parseRules('github.com\ngithub.com:80\n*.wild.example', 'x').rules),
    mayDial: makeAddressJudge({ connected: [], allowed: [] }),
    backend: 'nft',
    changed: (report) => reports.push(report),
  });
  const told = () =>
    machine.commands.map(({ stdin }) =>
      [...(stdin ?? '').matchAll(/-d (\S+)\/32 .*--dport (\d+)/g)].map((match) => `${match[1]}:${match[2]}`),
    );
  return { machine, firewall, reports, told };
}
const pin = (name: string, ...addresses: string[]) => ({ name, port: null, addresses, ttl: 60 });

describe('the firewall', () => {
  test('opens an allowed name’s address on every port its rules name', async () => {
    const { firewall, told, reports } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    expect(told()).toEqual([['203.0.113.1:443', '203.0.113.1:80']]);
    expect(reports).toEqual([{ pins: 2, failure: null }]);
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
    const { firewall, machine } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    await firewall.pin(pin('github.com', '203.0.113.1'));
    expect(machine.commands).toHaveLength(1);
  });

  test('puts what comes while the kernel is being told into one next round', async () => {
    const { firewall, machine, told } = setUp();
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => firewall.pin(pin('a.wild.example', `203.0.113.${index}`))),
    );
    expect(machine.commands).toHaveLength(2);
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
    expect(reports.at(-1)).toEqual({ pins: 2, failure: null });
  });

  test('closes an address an hour after its answer ended, and not before', async () => {
    const { firewall, machine, told } = setUp();
    await firewall.pin(pin('github.com', '203.0.113.1'));
    machine.clock.now += 3659_000;
    await firewall.expire();
    expect(machine.commands).toHaveLength(1);
    machine.clock.now += 2000;
    await firewall.expire();
    expect(told().at(-1)).toEqual([]);
    expect(firewall.size).toBe(0);
  });
});

describe('the table of pins', () => {
  test('lives as long as its latest answer', () => {
    const pins = new PinTable();
    pins.add(['203.0.113.1'], [443], 60, 0);
    expect(pins.add(['203.0.113.1'], [443], 60, 3_000_000)).toBe(false);
    expect(pins.expire(4_000_000)).toBe(false);
    expect(pins.list()).toEqual([{ address: '203.0.113.1', port: 443 }]);
    expect(pins.expire(7_000_000)).toBe(true);
    expect(pins.size).toBe(0);
  });

  test('believes no TTL of years', () => {
    const pins = new PinTable();
    pins.add(['203.0.113.1'], [443], Number.MAX_SAFE_INTEGER, 0);
    expect(pins.expire(2 * 3600_000)).toBe(true);
  });

  test('is bounded, and takes all of an answer or nothing', () => {
    const pins = new PinTable();
    const ports = Array.from({ length: 19_999 }, (_, index) => index + 1);
    pins.add(['203.0.113.1'], ports, 60, 0);
    expect(() => pins.add(['203.0.113.2'], [1, 2], 60, 0)).toThrow('20000');
    expect(pins.size).toBe(19_999);
    expect(pins.add(['203.0.113.1'], [1], 60, 0)).toBe(false);
    expect(pins.add(['203.0.113.2'], [1], 60, 0)).toBe(true);
  });
});

function tick(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
