import { describe, expect, test } from 'vitest';
import { type Allowlist, makeAllowlist } from '../../../src/policy/allowlist.ts';
import { normaliseName } from '../../../src/policy/host-name.ts';
import { parseRules } from '../../../src/policy/parse-rules.ts';
import { type Denial, renderRule } from '../../../src/policy/rule.ts';

const list = makeAllowlist(
  parseRules(
    'allowed.example\n*.wild.example\na.wild.example:8443\nallowed.example:80\nallowed.example:443\nbücher.example',
    'x',
  ).rules,
);
const covering = (name: string) => list.rulesFor(name).map(renderRule);

describe('the allowlist', () => {
  test.each([
    ['allowed.example', ['allowed.example', 'allowed.example:80']],
    ['ALLOWED.Example.', ['allowed.example', 'allowed.example:80']],
    ['x.wild.example', ['*.wild.example']],
    ['deep.er.wild.example', ['*.wild.example']],
    ['a.wild.example', ['a.wild.example:8443', '*.wild.example']],
    ['xn--bcher-kva.example', ['xn--bcher-kva.example']],
    ['BÜCHER.example', ['xn--bcher-kva.example']],
  ])('covers %s', (name, rules) => {
    expect(covering(name)).toEqual(rules);
  });

  test.each([
    ['a look-alike in front', 'evilallowed.example'],
    ['the name inside a stranger’s', 'allowed.example.evil.test'],
    ['a name below an exact rule', 'sub.allowed.example'],
    ['the parent', 'example'],
    ['the wildcard’s own name', 'wild.example'],
    ['a look-alike of the wildcard', 'evilwild.example'],
    ['a NUL', 'allowed.example\0.evil.test'],
    ['two trailing dots', 'allowed.example..'],
    ['an empty label', 'x..wild.example'],
    ['white space', ' allowed.example'],
    ['an address', '203.0.113.7'],
    ['an address below a wildcard', '1.2.3.4'],
    ['three hundred characters', `${`${'a'.repeat(60)}.`.repeat(5)}wild.example`],
    ['a label too long', `${'a'.repeat(64)}.wild.example`],
    ['nothing', ''],
    ['a homoglyph', 'аllowed.example'],
    ['a prototype', '__proto__'],
  ])('denies %s', (_, name) => {
    expect(covering(name)).toEqual([]);
  });

  test('keeps a rule that lets an encrypted hello through beside the same one that does not', () => {
    const { rules } = parseRules('a.example\na.example ech\na.example ech', 'x');
    expect(makeAllowlist(rules).rulesFor('a.example').map(renderRule)).toEqual([
      'a.example',
      'a.example ech',
    ]);
  });

  test('answers as quickly with ten thousand rules', () => {
    const text = Array.from({ length: 10_000 }, (_, index) => `*.n${index}.example`).join('\n');
    const big = makeAllowlist(parseRules(text, 'x').rules);
    expect(big.rulesFor('a.n9999.example')).toHaveLength(1);
    expect(big.rulesFor('a.n10000.example')).toHaveLength(0);
  });
});

describe('a denial', () => {
  const text = 'a.example\na.example:8443\n*.wild.example\nx.wild.example:8443\n*.deep.wild.example';
  const denied = (...denials: Denial[]) => makeAllowlist(parseRules(text, 'x').rules, denials);
  const deny = (name: string, change: Partial<Denial> = {}): Denial => ({
    name,
    wildcard: false,
    port: null,
    ...change,
  });
  const ports = (list: Allowlist, name: string) => list.rulesFor(name).map(({ port }) => port);

  test('of a name leaves no rule of it, in any spelling', () => {
    const list = denied(deny('a.example'));
    expect([ports(list, 'a.example'), ports(list, 'A.EXAMPLE.')]).toEqual([[], []]);
    expect(list.rules.map(renderRule)).not.toContain('a.example');
  });

  test('of a port leaves the others', () => {
    expect(ports(denied(deny('a.example', { port: 8443 })), 'a.example')).toEqual([443]);
  });

  test('of one name below a wildcard leaves its sisters', () => {
    const list = denied(deny('x.wild.example'));
    expect([ports(list, 'x.wild.example'), ports(list, 'y.wild.example')]).toEqual([[], [443]]);
    expect(list.rules.map(renderRule)).toContain('*.wild.example');
  });

  test('of a wildcard leaves no name below it, but other names', () => {
    const list = denied(deny('wild.example', { wildcard: true }));
    expect([ports(list, 'x.wild.example'), ports(list, 'y.deep.wild.example')]).toEqual([[], []]);
    expect(ports(list, 'a.example')).toEqual([443, 8443]);
    expect(list.rules.map(renderRule)).toEqual(['a.example', 'a.example:8443']);
  });
});

describe('a name', () => {
  test.each([
    ['Example.ORG', 'example.org'],
    ['example.org.', 'example.org'],
    ['_dmarc.example.org', '_dmarc.example.org'],
    ['faß.example', 'xn--fa-hia.example'],
    ['a。b.example', 'a.b.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('%s becomes %s', (text, name) => {
    expect(normaliseName(text)).toBe(name);
  });

  test.each([
    '',
    '.',
    '..',
    'a..b',
    '-a.b',
    'a-.b',
    'a b',
    'a/b',
    'a:b',
    'a%2eb',
    '1.2.3.4',
    '１.2.3.4',
    '0x7f.1',
    '[::1]',
    'ü b',
    'ü%2e.b',
  ])('%j is none', (text) => {
    expect(normaliseName(text)).toBeNull();
  });

  test('normalised twice is normalised once', () => {
    for (const text of ['ÄÖ.Example.', 'A.B', 'xn--fa-hia.example']) {
      const once = normaliseName(text) ?? '';
      expect(normaliseName(once)).toBe(once);
    }
  });
});
