import { type LiveList, withAllowed, withDenied } from '../policy/live-list.ts';
import { type SetDenied, withSetAllowed, withSetDenied } from '../policy/live-sets.ts';
import { type Denial, type Rule, renderDenial, renderRule, type SourcedRule } from '../policy/rule.ts';
import { findSet, type RuleSet, setNamed } from '../policy/rule-set.ts';

/** The sets as their files have them now, or a sentence for each fault. */
export interface ReadSets {
  readonly sets: readonly RuleSet[];
  readonly faults: readonly string[];
}

export interface NamingParts {
  readonly readSets: () => Promise<ReadSets>;
  /** @returns the rule, or why the text is none. */
  readonly parseRule: (text: string) => Promise<Rule | string>;
  /** @returns why this rule can't be allowed, whoever wants it, or null. */
  readonly reserved: (rule: Rule) => string | null;
}

/** What an operator named: one rule, or all of a set. */
interface Named {
  readonly label: string;
  readonly rules: readonly Rule[];
  readonly set: RuleSet | null;
}

/** A list with what was named, all of it. */
export interface Allowed extends Named {
  readonly list: LiveList;
}

/** @returns what becomes of the list with what the text names, a rule or `@set`; or why it can't be allowed. */
export async function parseAllowed(
  parts: NamingParts,
  text: string,
  { list, until }: { list: LiveList; until: number | null },
): Promise<Allowed | string> {
  const named = await parseNamed(parts, text);
  if (typeof named === 'string') return named;
  const reserved = named.rules.map(parts.reserved).find((reason) => reason !== null);
  const next = reserved ?? withNamed(list, named, until);
  return typeof next === 'string' ? next : { ...named, list: next };
}

/** A list without what was named. */
export interface Denied extends SetDenied {
  readonly label: string;
}

export async function parseDenied(
  parts: NamingParts,
  text: string,
  list: LiveList,
): Promise<Denied | string> {
  const named = await parseNamed(parts, text);
  if (typeof named === 'string') return named;
  if (named.set !== null) return { label: named.label, ...withSetDenied(list, named.set) };
  const denials = named.rules.map((rule) => denialOf(rule, text));
  return {
    label: denials.map(renderDenial).join(' '),
    list: denials.reduce(withDenied, list),
    denials,
    kept: [],
  };
}

/** @returns the line that opens all of it already, or null. */
export function findStanding(base: readonly SourcedRule[], rules: readonly Rule[]): SourcedRule | null {
  const known = new Map(base.map((one) => [renderRule(one.rule), one]));
  const found = rules.map((rule) => known.get(renderRule(rule)));
  return found.includes(undefined) ? null : (found[0] ?? null);
}

async function parseNamed(parts: NamingParts, text: string): Promise<Named | string> {
  if (text.startsWith('@')) {
    const set = await readSet(parts, text);
    if (typeof set === 'string') return set;
    return { label: text, rules: set.entries.map(({ rule }) => rule), set };
  }
  const rule = await parts.parseRule(text);
  return typeof rule === 'string' ? rule : { label: renderRule(rule), rules: [rule], set: null };
}

async function readSet({ readSets }: NamingParts, text: string): Promise<RuleSet | string> {
  const name = setNamed(text);
  if (name === null) return 'A set is named by @ and lower-case letters, digits and dashes.';
  const { sets, faults } = await readSets();
  if (faults.length > 0) return faults.join('\n');
  const found = findSet(name, sets);
  return typeof found === 'string' ? `There is no set ${text}. ${found}` : found;
}

function withNamed(list: LiveList, { rules, set }: Named, until: number | null): LiveList | string {
  if (set !== null) return withSetAllowed(list, set, until);
  return rules.reduce<LiveList | string>(
    (next, rule) => (typeof next === 'string' ? next : withAllowed(next, { rule, until })),
    list,
  );
}

/** Without a port in the text every port is denied. */
function denialOf({ name, wildcard, port }: Rule, text: string): Denial {
  return { name, wildcard, port: text.includes(':') ? port : null };
}
