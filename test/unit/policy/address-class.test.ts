import { describe, expect, test } from 'vitest';
import { isLoopback, makeAddressJudge, parseRange } from '../../../src/policy/address-class.ts';

const nothing = { connected: [], allowed: [] };
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
    const near = makeAddressJudge({ connected: [range('203.0.113.0/24')], allowed: [] });
    expect(near('203.0.113.7')).toBe(false);
    expect(near('203.0.114.7')).toBe(true);
  });

  test('lets the operator allow a private range, and no more than it', () => {
    const lenient = makeAddressJudge({ connected: [range('10.1.0.0/16')], allowed: [range('10.1.2.0/24')] });
    expect([lenient('10.1.2.3'), lenient('10.1.3.3'), lenient('10.2.2.3')]).toEqual([true, false, false]);
  });

  test('is not opened to IPv4 by an IPv6 range', () => {
    expect(makeAddressJudge({ connected: [], allowed: [range('::/0')] })('10.0.0.1')).toBe(false);
  });
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
