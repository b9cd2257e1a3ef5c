import { describe, expect, test } from 'vitest';
import { isLoopback, isNeverOpened, isNoHost, makeAddressJudge } from '../../../src/policy/address-class.ts';
import { parseRange } from '../../../src/policy/range.ts';

const nothing = { connected: [], local: [], allowed: [] };
const range = (text: string) => parseRange(text) as NonNullable<ReturnType<typeof parseRange>>;

describe('the address judge', () => {
  const judge = makeAddressJudge(nothing);

  test.each([
    '203.0.113.7',
    '198.51.100.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '198.17.255.255',
    '198.20.0.0',
  ])('lets a name answer with %s', (address) => {
    expect(judge(address)).toBe(true);
  });

  test.each([
    ['this host', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['a private network', '10.0.0.1'],
    ['the carrier’s network', '100.64.0.1'],
    ['the carrier’s network, its end', '100.127.255.255'],
    ['loopback', '127.0.0.1'],
    ['loopback, its end', '127.255.255.255'],
    ['the metadata service', '169.254.169.254'],
    ['a private network', '172.16.0.1'],
    ['a private network, its end', '172.31.255.255'],
    ['a private network', '192.168.1.1'],
    ['another metadata service', '192.0.0.192'],
    ['a benchmark network', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['the reserved end', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['an IPv6 address', '2001:db8::1'],
    ['loopback dressed as IPv6', '::ffff:127.0.0.1'],
    ['an octal spelling', '0177.0.0.1'],
    ['a short spelling', '127.1'],
    ['no address', 'localhost'],
    ['nothing', ''],
  ])('refuses %s', (_, address) => {
    expect(judge(address)).toBe(false);
  });

  test('refuses the neighbours, whatever their addresses', () => {
    const near = makeAddressJudge({ ...nothing, connected: [range('203.0.113.0/24')] });
    expect(near('203.0.113.7')).toBe(false);
    expect(near('203.0.114.7')).toBe(true);
  });

  test('lets the operator allow a private range, and no more than it', () => {
    const lenient = makeAddressJudge({
      ...nothing,
      connected: [range('10.1.0.0/16')],
      allowed: [range('10.1.2.0/24')],
    });
    expect([lenient('10.1.2.3'), lenient('10.1.3.3'), lenient('10.2.2.3')]).toEqual([true, false, false]);
  });

  test('is not opened to IPv4 by an IPv6 range', () => {
    expect(makeAddressJudge({ ...nothing, allowed: [range('::/0')] })('10.0.0.1')).toBe(false);
  });
});

describe('what nothing opens', () => {
  const around = {
    connected: [range('10.1.0.0/16'), range('192.0.2.128/25'), range('10.9.9.8/31')],
    local: [range('10.1.0.7')],
  };
  const open = makeAddressJudge({
    ...around,
    allowed: ['0.0.0.0/0', '169.254.0.0/16', '127.0.0.0/8', '10.1.0.7', '::ffff:0.0.0.0/96'].map(range),
  });

  test.each([
    ['this host', '0.0.0.0'],
    ['this network', '0.9.9.9'],
    ['loopback', '127.0.0.1'],
    ['our own resolver', '127.0.0.53'],
    ['the metadata of most clouds', '169.254.169.254'],
    ['ECS', '169.254.170.2'],
    ['EKS', '169.254.170.23'],
    ['Tencent', '169.254.0.23'],
    ['Scaleway', '169.254.42.42'],
    ['Azure’s wire server', '168.63.129.16'],
    ['Alibaba', '100.100.100.200'],
    ['Oracle', '192.0.0.192'],
    ['multicast', '224.0.0.251'],
    ['multicast, its end', '239.255.255.255'],
    ['class E', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['the box itself', '10.1.0.7'],
    ['a neighbourhood’s broadcast', '10.1.255.255'],
    ['a neighbourhood’s old broadcast', '10.1.0.0'],
    ['the broadcast of one that is no class', '192.0.2.255'],
    ['its old broadcast', '192.0.2.128'],
  ])('stays closed where the operator has allowed everything: %s', (_, address) => {
    expect(open(address)).toBe(false);
  });

  test.each([
    '10.1.0.8',
    '10.1.1.0',
    '168.63.129.17',
    '100.100.100.201',
    '192.0.0.191',
    '169.253.0.1',
    '10.9.9.8',
    '10.9.9.9',
    '192.0.2.129',
  ])('does not take %s with it', (address) => {
    expect(open(address)).toBe(true);
  });

  test.each([
    '169.254.0.0/16',
    '169.254.169.254',
    '168.63.129.16/32',
    '127.0.0.0/8',
    '0.0.0.0',
    '224.0.0.0/4',
    '255.255.255.255',
    '::1',
    'fe80::/64',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:169.254.0.0/112',
    '::ffff:a9fe:a9fe',
  ])('is all of %s', (text) => {
    expect(isNeverOpened(range(text))).toBe(true);
  });

  test.each([
    '0.0.0.0/0',
    '128.0.0.0/1',
    '168.63.129.0/24',
    '10.0.0.0/8',
    '::/0',
    'fd00::/8',
    '::ffff:0.0.0.0/96',
  ])('is not all of %s', (text) => {
    expect(isNeverOpened(range(text))).toBe(false);
  });

  test('is also what only this box has', () => {
    for (const text of ['10.1.0.7', '10.1.255.255', '::ffff:10.1.0.7'])
      expect([isNeverOpened(range(text)), isNeverOpened(range(text), around)]).toEqual([false, true]);
  });
});

test.each([
  ['0.0.0.0', true],
  ['224.0.0.251', true],
  ['255.255.255.255', true],
  ['ff02::fb', true],
  ['::', true],
  ['::ffff:224.0.0.1', true],
  ['9.9.9.9', false],
  ['169.254.169.253', false],
  ['2620:fe::fe', false],
])('%s as an upstream names no host: %s', (address, wanted) => {
  expect(isNoHost(address)).toBe(wanted);
});

describe('a range', () => {
  test.each([
    ['10.0.0.0/8', { base: '10.0.0.0', prefix: 8, family: 'ipv4' }],
    ['10.1.2.3', { base: '10.1.2.3', prefix: 32, family: 'ipv4' }],
    ['fd00::/8', { base: 'fd00::', prefix: 8, family: 'ipv6' }],
    ['0.0.0.0/0', { base: '0.0.0.0', prefix: 0, family: 'ipv4' }],
  ])('%s is one', (text, wanted) => {
    expect(parseRange(text)).toEqual(wanted);
  });

  test.each([
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/ 8',
    '010.0.0.0/8',
    'x',
  ])('%j is none', (text) => {
    expect(parseRange(text)).toBeNull();
  });
});

describe('loopback', () => {
  test.each([
    '127.0.0.1',
    '127.255.0.1',
    '0.0.0.0',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0.0.0.0',
  ])('is %s', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  test.each(['9.9.9.9', '2620:fe::fe', '::ffff:9.9.9.9', '128.0.0.1'])('is not %s', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});
