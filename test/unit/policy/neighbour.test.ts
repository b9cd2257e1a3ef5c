import { describe, expect, test } from 'vitest';
import { makeAllowlist } from '../../../src/policy/allowlist.ts';
import { makeNeighbourJudge, neighbourNamed, parseNeighbour } from '../../../src/policy/neighbour.ts';
import { parseRules } from '../../../src/policy/parse-rules.ts';
import { parseRange, type Range } from '../../../src/policy/range.ts';
import { findTaken } from '../../../src/policy/reserved-hosts.ts';
import { type Rule, renderRule } from '../../../src/policy/rule.ts';

const neighbour = (text: string) => parseNeighbour(text) as Rule;
const ranges = (...texts: string[]) => texts.map((text) => parseRange(text) as Range);

describe('a neighbour', () => {
  test.each([
    ['db:5432', 'db:5432/tcp'],
    ['Redis:6379/tcp', 'redis:6379/tcp'],
    ['db.internal.example:5432', 'db.internal.example:5432/tcp'],
    ['host.docker.internal:80', 'host.docker.internal:80/tcp'],
  ])('is written as %s', (text, rule) => {
    expect(renderRule(neighbour(text))).toBe(rule);
    expect(neighbour(text)).toMatchObject({ protocol: 'tcp', wildcard: false, neighbour: true });
  });

  test.each([
    'db',
    'db:',
    ':5432',
    '*.db:5432',
    'db:0',
    'db:65536',
    'db:53',
    'db:5432/udp',
    '10.0.0.7:80',
    'a b:1',
    'http://db:1',
  ])('is not written as %s', (text) => {
    expect(typeof parseNeighbour(text)).toBe('string');
  });

  test('is nobody else’s name: a wildcard above it opens no port of it', () => {
    const { rules } = parseRules('*.corp.example\n*.corp.example:8443', 'x');
    const list = makeAllowlist([...rules, neighbour('db.corp.example:5432')]);
    expect(list.rulesFor('db.corp.example').map(renderRule)).toEqual(['db.corp.example:5432/tcp']);
    expect(list.rulesFor('other.corp.example').map(renderRule)).toHaveLength(2);
  });

  test('is not to be a name of the allowlist as well', () => {
    const { rules } = parseRules('db.corp.example:5432/tcp\n*.corp.example', 'x');
    expect(findTaken([...rules, neighbour('db.corp.example:5433')])).toMatchObject([
      { variable: 'NEIGHBOURS' },
    ]);
    expect(findTaken([...rules, neighbour('other.corp.example:5433')])).toEqual([]);
  });

  test('is named by an operator with its port and without', () => {
    const rules = [neighbour('db:5432'), neighbour('db:5433')];
    for (const text of ['db', 'DB:5432', 'db:5432/tcp']) expect(neighbourNamed(rules, text)).toBe(rules[0]);
    expect(neighbourNamed(rules, 'db:5433')).toBe(rules[1]);
    for (const text of ['db:80', 'd', 'db.example', '*.db']) expect(neighbourNamed(rules, text)).toBeNull();
  });
});

describe('a neighbour is reached', () => {
  const judge = makeNeighbourJudge({
    connected: ranges('172.18.0.0/16', '169.254.0.0/16'),
    local: ranges('172.18.0.5'),
    gateways: ['172.18.0.1', '203.0.113.1'],
    hosts: { 'host.docker.internal': ['172.17.0.1', '8.8.8.8', '169.254.1.2'], db: ['10.1.2.3'] },
  });

  test('on a connected network', () => {
    expect(judge('db')('172.18.0.7')).toBe(true);
  });

  test.each([
    ['the gateway', '172.18.0.1'],
    ['the box itself', '172.18.0.5'],
    ['a broadcast address', '172.18.255.255'],
    ['a metadata address, connected or not', '169.254.169.254'],
    ['loopback', '127.0.0.1'],
    ['an address outside', '198.51.100.7'],
    ['a private address that is routed, in the hosts file or not', '10.1.2.3'],
    ['IPv6', '::ffff:172.18.0.7'],
    ['what is no address', 'db'],
  ])('but not at %s', (_, address) => {
    expect(judge('db')(address)).toBe(false);
  });

  test('the machine under its own name: at the gateway, and where the hosts file puts it inside', () => {
    const machine = judge('host.docker.internal');
    for (const address of ['172.18.0.1', '172.18.0.7', '172.17.0.1', '203.0.113.1'])
      expect([address, machine(address)]).toEqual([address, true]);
    for (const address of ['8.8.8.8', '169.254.1.2', '127.0.0.1', '10.1.2.3', '172.17.0.2'])
      expect([address, machine(address)]).toEqual([address, false]);
    expect(judge('host.containers.internal')('172.17.0.1')).toBe(false);
  });
});
