import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeAllowlist } from '../../../src/policy/allowlist.ts';
import { expandSets } from '../../../src/policy/expand-sets.ts';
import { normaliseName } from '../../../src/policy/host-name.ts';
import { parseRuleSet } from '../../../src/policy/parse-rule-set.ts';
import { parseRules } from '../../../src/policy/parse-rules.ts';
import { type Rule, renderRule } from '../../../src/policy/rule.ts';
import { isSetName } from '../../../src/policy/rule-set.ts';

const folder = 'network/sets';
const files = readdirSync(folder).sort();
const sets = files.map((file) => {
  const text = readFileSync(`${folder}/${file}`, 'utf8');
  const name = file.replace(/\.conf$/, '');
  return { file, name, text, ...parseRuleSet(text, { name, source: file }) };
});
const rulesOf = (name: string) =>
  sets.find((one) => one.name === name)?.set.entries.map(({ rule }) => rule) ?? [];

/** What a set's comment says that no set may open: an exact name, or a wildcard that would hold strangers' names. */
const forbidden = sets.flatMap(({ file, text }) =>
  [...text.matchAll(/^# never (\*\.)?(\S+): \S.*$/gm)].map(([, star, name = '']) => ({
    file,
    name,
    wildcard: star !== undefined,
  })),
);

describe.each(sets)('the set $name', ({ file, name, text, set, faults }) => {
  test('is a file of rules with a name that can be typed', () => {
    expect([file.endsWith('.conf'), isSetName(name), faults]).toEqual([true, true, []]);
    expect(set.entries.length).toBeGreaterThan(0);
  });

  test('says what it is for, and of each host why', () => {
    expect(set.about).toMatch(/^[\x20-\x7e]{3,100}$/);
    for (const { rule, reason } of set.entries)
      expect([renderRule(rule), reason]).toEqual([renderRule(rule), expect.stringMatching(/\S{2}/)]);
  });

  test('holds no rule twice, and none below another of its own', () => {
    const rules = set.entries.map(({ rule }) => rule);
    expect(new Set(rules.map(renderRule)).size).toBe(rules.length);
    const wild = rules.filter(({ wildcard }) => wildcard);
    const under = rules.filter((rule) =>
      wild.some((over) => over !== rule && over.port === rule.port && rule.name.endsWith(`.${over.name}`)),
    );
    expect(under.map(renderRule)).toEqual([]);
  });

  test('opens no port without a name to prove, and plain HTTP only where signatures are checked', () => {
    const rules = set.entries.map(({ rule }) => rule);
    expect(rules.filter(({ protocol, ech }) => protocol === 'tcp' || ech === true)).toEqual([]);
    const plain = set.entries.filter(({ rule }) => rule.protocol === 'http');
    const system = ['debian', 'ubuntu', 'alpine'].includes(name);
    expect(system || plain.length === 0).toBe(true);
  });

  test('marks the hosts where strangers put content at the end of their lines', () => {
    expect((text.match(/\(\*\)/g) ?? []).length).toBe(set.entries.filter(({ isShared }) => isShared).length);
  });
});

describe('what a comment forbids', () => {
  test('is written so that it is found', () => {
    const lines = sets.flatMap(({ text }) => text.match(/never/g) ?? []);
    expect(lines.length).toBe(forbidden.length);
    expect(forbidden.length).toBeGreaterThan(15);
    expect(forbidden.filter(({ name }) => normaliseName(name) !== name)).toEqual([]);
  });

  test.each(forbidden)('no set opens $name, as $file says', ({ name, wildcard }) => {
    const opens = (rule: Rule) =>
      wildcard ? isWildcardAround(rule, name) : makeAllowlist([rule]).rulesFor(name).length > 0;
    const found = sets.flatMap(({ file, set }) =>
      set.entries.filter(({ rule }) => opens(rule)).map(({ rule }) => `${file}: ${renderRule(rule)}`),
    );
    expect(found).toEqual([]);
  });

  test('is found where a set opens it all the same', () => {
    const rule: Rule = { name: 'azure.example', wildcard: true, port: 443, protocol: 'tls' };
    expect(isWildcardAround(rule, 'blob.azure.example')).toBe(true);
    expect(isWildcardAround({ ...rule, name: 'eu.blob.azure.example' }, 'blob.azure.example')).toBe(true);
    expect(isWildcardAround({ ...rule, wildcard: false }, 'azure.example')).toBe(false);
  });
});

describe('the logs of GitHub Actions', () => {
  test('are twenty accounts by their exact names, and where a whole run is asked for', () => {
    const accounts = Array.from({ length: 20 }, (_, n) => `productionresultssa${n}.blob.core.windows.net`);
    const names = rulesOf('github-actions-logs').map(renderRule);
    expect(names).toEqual(['results-receiver.actions.githubusercontent.com', ...accounts]);
    const allowlist = makeAllowlist(rulesOf('github-actions-logs'));
    for (const name of [
      'productionresultssa20',
      'productionresultssa00',
      'strangers',
      'xproductionresultssa1',
    ])
      expect(allowlist.rulesFor(`${name}.blob.core.windows.net`)).toEqual([]);
  });
});

describe('the list that comes with the image', () => {
  const text = readFileSync('network/domains.conf', 'utf8');
  const parsed = parseRules(text, 'network/domains.conf');
  const expanded = expandSets(
    parsed.references,
    sets.map(({ set }) => set),
  );
  const rules = [...parsed.sourced, ...expanded.sourced].map(({ rule }) => rule);
  const allowlist = makeAllowlist(rules);

  test('holds no fault and no rule twice', () => {
    expect([parsed.faults, expanded.faults]).toEqual([[], []]);
    expect(rules.map(renderRule).filter((rule, index, all) => all.indexOf(rule) !== index)).toEqual([]);
  });

  test.each([
    ...['api.anthropic.com', 'platform.claude.com', 'claude.ai', 'claude.com', 'downloads.claude.ai'],
    ...['mcp-proxy.anthropic.com', 'github.com', 'api.github.com', 'uploads.github.com'],
    ...['codeload.github.com', 'raw.githubusercontent.com', 'objects.githubusercontent.com'],
    ...['release-assets.githubusercontent.com', 'npm.pkg.github.com', 'bun.sh', 'pypi.org'],
    ...[
      'files.pythonhosted.org',
      'proxy.golang.org',
      'sum.golang.org',
      'index.crates.io',
      'static.crates.io',
    ],
    ...['any.npmjs.org', 'any.debian.org'],
  ])('has %s, as it always had', (name) => {
    expect(allowlist.rulesFor(name).map(({ port }) => port)).toContain(443);
  });

  test.each([
    ['Yarn', ['registry.yarnpkg.com', 'repo.yarnpkg.com']],
    ['node-gyp', ['nodejs.org']],
    ['Go’s redirects and toolchains', ['storage.googleapis.com', 'go.dev', 'dl.google.com']],
    ['cargo’s redirects, rustup', ['crates.io', 'static.rust-lang.org', 'sh.rustup.rs']],
    [
      'Git LFS',
      ['github-cloud.githubusercontent.com', 'github-cloud.s3.amazonaws.com', 'media.githubusercontent.com'],
    ],
    [
      'a run’s log',
      ['productionresultssa0.blob.core.windows.net', 'productionresultssa19.blob.core.windows.net'],
    ],
  ])('has what %s needs', (_, names) => {
    for (const name of names) expect([name, allowlist.rulesFor(name).length]).toEqual([name, 1]);
  });

  test.each(['cdn.playwright.dev', 'repo.maven.apache.org', 'huggingface.co', 'registry-1.docker.io'])(
    'has not %s: its set is asked for',
    (name) => {
      expect(allowlist.rulesFor(name)).toEqual([]);
    },
  );

  test('names every set, those that are asked for in a comment', () => {
    const named = new Set([...text.matchAll(/@([a-z0-9-]+)/g)].map(([, name]) => name));
    const unnamed = sets.filter(({ name }) => !named.has(name)).map(({ name }) => name);
    expect([
      unnamed,
      [...named].filter((name) => name !== 'name' && rulesOf(name ?? '').length === 0),
    ]).toEqual([[], []]);
  });
});

/** A wildcard that is this one, wider, or inside it. */
function isWildcardAround({ name, wildcard }: Rule, suffix: string): boolean {
  return wildcard && (name === suffix || suffix.endsWith(`.${name}`) || name.endsWith(`.${suffix}`));
}
