import { describe, expect, test } from 'vitest';
import { makeAllowlist } from '../../../src/policy/allowlist.ts';
import { parseRuleSet } from '../../../src/policy/parse-rule-set.ts';
import { parseRule } from '../../../src/policy/parse-rules.ts';
import {
  parseRefusal,
  type Reason,
  type Refusal,
  reasonTexts,
  type Via,
} from '../../../src/policy/refusal.ts';
import { findRemedy, ruleFor } from '../../../src/policy/remedy.ts';
import type { Denial } from '../../../src/policy/rule.ts';
import type { RuleSet } from '../../../src/policy/rule-set.ts';

const refusal: Refusal = {
  via: 'dns',
  reason: 'name-not-allowed',
  name: 'evil.test',
  address: null,
  port: null,
};

describe('the remedy', () => {
  test.each<[Partial<Refusal>, string]>([
    [{}, 'evil.test'],
    [{ via: 'tls', port: 443 }, 'evil.test'],
    [{ via: 'tls', port: 8443, reason: 'port-not-allowed' }, 'evil.test:8443'],
    [{ via: 'http', port: 80 }, 'evil.test:80'],
    [{ via: 'tcp', port: 22 }, 'evil.test:22/tcp'],
    [{ via: 'firewall', reason: 'port-not-allowed', port: 22 }, 'evil.test:22/tcp'],
    [{ via: 'firewall', reason: 'port-not-allowed', port: 443 }, 'evil.test'],
  ])('of %j is the rule %s', (change, rule) => {
    expect(ruleFor({ ...refusal, ...change })).toBe(rule);
  });

  test.each<[string, Partial<Refusal> & { protocol?: string }]>([
    ['a datagram', { via: 'firewall', reason: 'port-not-allowed', port: 443, protocol: 'udp' }],
    ['a name with a command in it', { name: '$(reboot).test' }],
    ['a name with an option in front', { name: '-rf.test' }],
    ['a name with an escape sequence', { name: '\x1b[2J.test' }],
    ['a name with white space', { name: 'evil.test; reboot' }],
    ['a name that is a wildcard', { name: '*.evil.test' }],
    ['a name with a port in it', { name: 'evil.test:22' }],
    ['a bare label', { name: 'localhost' }],
    ['a top-level domain', { name: 'com' }],
    ['a public suffix', { name: 'co.uk' }],
    ['a public suffix of a company', { name: 'github.io' }],
    ['an address as a name', { name: '203.0.113.9' }],
    ['a name in capitals', { name: 'EVIL.test' }],
    ['the port of DNS', { via: 'tcp', port: 53 }],
    ['TLS on the port of plain HTTP', { via: 'tls', port: 80 }],
    ['plain HTTP on another port', { via: 'http', port: 8080 }],
    ['no name', { name: null }],
  ])('is none for %s', (_, change) => {
    expect(ruleFor({ ...refusal, ...change })).toBeNull();
  });

  test('is none where a rule would not help', () => {
    const helped = (Object.keys(reasonTexts) as Reason[]).filter((reason) => ruleFor({ ...refusal, reason }));
    expect(helped).toEqual(['name-not-allowed', 'port-not-allowed']);
  });

  test('of a hundred thousand random names is one plain word that allows exactly what was refused', () => {
    const random = lcg(7);
    const alphabet = 'ab9-_.é\x1b$`\'"; /\\\u202e';
    const vias: Via[] = ['dns', 'tls', 'http', 'tcp', 'firewall'];
    let told = 0;
    for (let round = 0; round < 100_000; round += 1) {
      const length = 1 + (random() % 12);
      const name = `${Array.from({ length }, () => alphabet[random() % (round % 2 === 0 ? 6 : alphabet.length)]).join('')}.test`;
      const via = vias[random() % vias.length] as Via;
      const hostile = { ...refusal, via, name, port: via === 'dns' ? null : 1 + (random() % 65535) };
      const rule = ruleFor(hostile);
      if (rule === null) continue;
      told += 1;
      expect(rule).toMatch(/^[a-z0-9_][a-z0-9_.-]*(:[0-9]+(\/tcp)?)?$/);
      expect(parseRefusal(hostile)).toEqual(hostile);
      const parsed = parseRule(rule);
      if (typeof parsed === 'string') throw new Error(parsed);
      const ports = makeAllowlist([parsed])
        .rulesFor(name)
        .map(({ port }) => port);
      expect(ports).toEqual([hostile.port ?? 443]);
      expect(makeAllowlist([parsed]).rulesFor(`x.${name}`)).toEqual([]);
    }
    expect(told).toBeGreaterThan(1000);
  });
});

describe('a remedy that names a set', () => {
  const sets = [
    setOf('browsers', 'cdn.example\nstorage.example\n*.wild.example\n*.wild.example:80'),
    setOf('go', 'storage.example\nproxy.example'),
    setOf('all', 'a.example\nb.example\nc.example\nstorage.example\nd.example'),
  ];
  const remedy = (change: Partial<Refusal>, denied: Denial[] = []) =>
    findRemedy({ ...refusal, ...change }, { sets, denied });

  test.each<[Partial<Refusal>, string | null]>([
    [{ name: 'cdn.example' }, 'browsers'],
    [{ name: 'cdn.example', via: 'tls', port: 443 }, 'browsers'],
    [{ name: 'a.wild.example' }, 'browsers'],
    [{ name: 'a.wild.example', via: 'http', port: 80 }, 'browsers'],
    [{ name: 'wild.example' }, null],
    [{ name: 'cdn.example', via: 'http', port: 80 }, null],
    [{ name: 'cdn.example', via: 'tls', port: 8443, reason: 'port-not-allowed' }, null],
    [{ name: 'a.wild.example', via: 'tcp', port: 22, reason: 'port-not-allowed' }, null],
    [{ name: 'evilcdn.example' }, null],
    [{ name: 'cdn.example.evil.test' }, null],
  ])('of %j is %s', (change, set) => {
    const found = remedy(change);
    expect(found.set).toBe(set);
    expect(found.rule).toBe(ruleFor({ ...refusal, ...change }));
  });

  test('names the one that opens least, where several have the host', () => {
    expect(remedy({ name: 'storage.example' }).set).toBe('go');
  });

  test('names none where an operator denied the host himself, or where no rule would help', () => {
    const denial = { name: 'cdn.example', wildcard: false, port: null };
    expect(remedy({ name: 'cdn.example' }, [denial])).toEqual({ rule: 'cdn.example', set: null });
    expect(remedy({ name: 'cdn.example', reason: 'inside-address' })).toEqual({ rule: null, set: null });
    expect(remedy({ name: '$(reboot).example' })).toEqual({ rule: null, set: null });
  });
});

function setOf(name: string, text: string): RuleSet {
  return parseRuleSet(text, { name, source: name }).set;
}

function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
