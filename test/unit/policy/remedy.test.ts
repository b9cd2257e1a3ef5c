import { describe, expect, test } from 'vitest';
import { makeAllowlist } from '../../../src/policy/allowlist.ts';
import { parseRule } from '../../../src/policy/parse-rules.ts';
import {
  parseRefusal,
  type Reason,
  type Refusal,
  reasonTexts,
  type Via,
} from '../../../src/policy/refusal.ts';
import { remedyOf, ruleFor } from '../../../src/policy/remedy.ts';

const refusal: Refusal = {
  via: 'dns',
  reason: 'name-not-allowed',
  name: 'evil.test',
  address: null,
  port: null,
};

describe('the remedy', () => {
  test.each<[Partial<Refusal>, string]>([
    [{}, 'cloister allow evil.test'],
    [{ via: 'tls', port: 443 }, 'cloister allow evil.test'],
    [{ via: 'tls', port: 8443, reason: 'port-not-allowed' }, 'cloister allow evil.test:8443'],
    [{ via: 'http', port: 80 }, 'cloister allow evil.test:80'],
    [{ via: 'tcp', port: 22 }, 'cloister allow evil.test:22/tcp'],
    [{ via: 'firewall', reason: 'port-not-allowed', port: 22 }, 'cloister allow evil.test:22/tcp'],
    [{ via: 'firewall', reason: 'port-not-allowed', port: 443 }, 'cloister allow evil.test'],
  ])('of %j is %s', (change, command) => {
    expect(remedyOf({ ...refusal, ...change })).toBe(command);
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
    expect(remedyOf({ ...refusal, ...change })).toBeNull();
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

function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
