import { describe, expect, test } from 'vitest';
import { makeAllowlist } from '../../../src/policy/allowlist.ts';
import {
  difference,
  inForce,
  type LiveList,
  withAllowed,
  withDenied,
  withoutExpired,
} from '../../../src/policy/live-list.ts';
import { parseRule, parseRules } from '../../../src/policy/parse-rules.ts';
import { type Denial, type Rule, renderRule } from '../../../src/policy/rule.ts';

const base = parseRules('a.example\na.example:8443\n*.wild.example', 'domains.conf').sourced;
const start: LiveList = { base, allowed: [], denied: [] };
const rule = (text: string): Rule => {
  const parsed = parseRule(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};
const denial = (text: string): Denial => {
  const { name, wildcard, port } = rule(text);
  return { name, wildcard, port: text.includes(':') ? port : null };
};
const allow = (list: LiveList, text: string, until: number | null = null): LiveList => {
  const next = withAllowed(list, { rule: rule(text), until });
  if (typeof next === 'string') throw new Error(next);
  return next;
};
const deny = (list: LiveList, text: string) => withDenied(list, denial(text));
const open = (list: LiveList, name: string) => {
  const { rules, denied } = inForce(list);
  return makeAllowlist(rules, denied).rulesFor(name).map(renderRule);
};

describe('the live list', () => {
  test('lets a name out that is allowed, and no longer than its time', () => {
    const list = allow(start, 'new.example', 1000);
    expect(open(list, 'new.example')).toEqual(['new.example']);
    expect(open(withoutExpired(list, 999), 'new.example')).toEqual(['new.example']);
    expect(open(withoutExpired(list, 1000), 'new.example')).toEqual([]);
  });

  test('renews the time of what is allowed again', () => {
    const list = allow(allow(start, 'new.example', 1000), 'new.example', 5000);
    expect(list.allowed).toHaveLength(1);
    expect(open(withoutExpired(list, 2000), 'new.example')).toEqual(['new.example']);
  });

  test('denies what a file allows, on all ports or on one', () => {
    expect(open(deny(start, 'a.example'), 'a.example')).toEqual([]);
    expect(open(deny(start, 'a.example:8443'), 'a.example')).toEqual(['a.example']);
  });

  test('lifts a denial of the same name', () => {
    expect(open(allow(deny(start, 'a.example'), 'a.example'), 'a.example')).toEqual([
      'a.example',
      'a.example:8443',
    ]);
    expect(open(allow(deny(start, 'x.wild.example'), 'x.wild.example'), 'x.wild.example')).toEqual([
      'x.wild.example',
      '*.wild.example',
    ]);
  });

  test('says which wider denial an allowance would not get past', () => {
    const denied = deny(start, '*.wild.example');
    expect(withAllowed(denied, { rule: rule('x.wild.example'), until: null })).toContain('*.wild.example');
  });

  test('keeps the denial of one name when the wildcard above it is allowed', () => {
    const list = allow(deny(start, 'x.wild.example'), '*.wild.example');
    expect([open(list, 'x.wild.example'), open(list, 'y.wild.example')]).toEqual([[], ['*.wild.example']]);
  });

  test('takes back what was allowed when it is denied: a later lift does not bring it back', () => {
    const denied = deny(allow(start, 'new.example:8443'), 'new.example');
    expect(open(allow(denied, 'new.example'), 'new.example')).toEqual(['new.example']);
  });

  test('keeps what the operator said when the files change', () => {
    const list = deny(allow(start, 'new.example'), 'a.example');
    const reloaded = { ...list, base: parseRules('a.example\nb.example', 'x').sourced };
    expect([open(reloaded, 'new.example'), open(reloaded, 'a.example'), open(reloaded, 'b.example')]).toEqual(
      [['new.example'], [], ['b.example']],
    );
    expect(difference(list, reloaded)).toEqual({
      added: ['b.example'],
      removed: ['a.example:8443', '*.wild.example'],
    });
  });
});
