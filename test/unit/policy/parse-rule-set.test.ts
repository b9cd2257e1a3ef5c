import { describe, expect, test } from 'vitest';
import { expandSets } from '../../../src/policy/expand-sets.ts';
import { parseRuleSet } from '../../../src/policy/parse-rule-set.ts';
import { parseRuleList, parseRules } from '../../../src/policy/parse-rules.ts';
import { renderRule } from '../../../src/policy/rule.ts';
import { findSet } from '../../../src/policy/rule-set.ts';

const text = `# Java: Maven
# never *.example: strangers

repo.example       # packages (*)
*.plugins.example  # plugins
old.example:80
`;
const java = parseRuleSet(text, { name: 'java', source: 'java.conf' }).set;
const go = parseRuleSet('proxy.example', { name: 'go', source: 'go.conf' }).set;

describe('a file of a set', () => {
  test('holds rules with their reasons, and the mark of strangers', () => {
    expect(java.about).toBe('Java: Maven');
    expect(java.entries.map(({ rule, ...rest }) => ({ rule: renderRule(rule), ...rest }))).toEqual([
      { rule: 'repo.example', reason: 'packages', isShared: true },
      { rule: '*.plugins.example', reason: 'plugins', isShared: false },
      { rule: 'old.example:80', reason: '', isShared: false },
    ]);
  });

  test.each([
    ['*', /no rule/],
    ['*.com', /top-level/],
    ['*.github.io', /public suffix/],
    ['@go', /no host name/],
    ['x.example:53', /port 53/],
    ['two words', /no rule/],
  ])('with %j in it is at fault, with the line', (line, fault) => {
    const { faults } = parseRuleSet(`# about\nfine.example\n${line}\n`, { name: 'x', source: 'x.conf' });
    expect(faults).toEqual([{ source: 'x.conf', line: 3, fault: expect.stringMatching(fault) }]);
  });

  test('shows no byte that a terminal would act on', () => {
    const { set } = parseRuleSet('# a\x1b[2Jb\nx.example # \u202ey\n', { name: 'x', source: 'x.conf' });
    expect([set.about, set.entries[0]?.reason]).toEqual(['a?[2Jb', '?y']);
  });
});

describe('a list that names sets', () => {
  test('has their rules, each with the line that names them', () => {
    const { sourced, references, faults } = parseRules('own.example\n@java # for a while\n', 'domains.conf');
    expect([sourced.length, faults]).toEqual([1, []]);
    const expanded = expandSets(references, [java, go]);
    expect(expanded.sourced.map(({ rule, ...rest }) => [renderRule(rule), rest])).toEqual([
      ['repo.example', { source: 'domains.conf:2', set: 'java' }],
      ['*.plugins.example', { source: 'domains.conf:2', set: 'java' }],
      ['old.example:80', { source: 'domains.conf:2', set: 'java' }],
    ]);
  });

  test('is at fault where there is no such set, with line, nearest and all that there are', () => {
    const { references } = parseRules('\n@jaba\n', 'domains.conf');
    expect(expandSets(references, [go, java])).toEqual({
      sourced: [],
      faults: [
        {
          source: 'domains.conf',
          line: 2,
          fault: 'names no set: @jaba',
          remedy: 'The nearest is java; there are go, java.',
        },
      ],
    });
    expect(findSet('java', [])).toBe('There are no sets here.');
  });

  test.each(['@', '@Java', '@java.conf', '@../java', '@ja va', '@java:443', '*@java', '@-x'])(
    'does not take %j for one',
    (line) => {
      const { references, faults } = parseRules(line, 'domains.conf');
      expect([references, faults.length]).toEqual([[], 1]);
    },
  );

  test('between commas is sent to ALLOW_SETS', () => {
    expect(parseRuleList('a.example,@java', 'ALLOW_DOMAINS').faults).toEqual([
      { source: 'ALLOW_DOMAINS', line: 2, fault: '@java is a set: sets are named in ALLOW_SETS' },
    ]);
  });
});
