import { type Allowance, type LiveList, withAllowed, withDenied } from './live-list.ts';
import { type Denial, type Rule, renderRule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';

/** Adds every rule of a set, or none.  @returns the list, or why one of them would open nothing. */
export function withSetAllowed(list: LiveList, set: RuleSet, until: Allowance['until']): LiveList | string {
  let next = list;
  for (const { rule } of set.entries) {
    const changed = withAllowed(next, { rule, until, set: set.name });
    if (typeof changed === 'string') return changed;
    next = changed;
  }
  return next;
}

export interface SetDenied {
  readonly list: LiveList;
  readonly denials: readonly Denial[];
  /** What stays allowed, for the list has it from elsewhere as well, and from where. */
  readonly kept: readonly { readonly rule: string; readonly source: string }[];
}

/** Takes back what a set opens, and denies it; but for hosts that a line or an allowance of another name opens too. */
export function withSetDenied(list: LiveList, set: RuleSet): SetDenied {
  const others = [
    ...list.base.filter((one) => one.set !== set.name),
    ...list.allowed.filter((one) => one.set !== set.name).map((one) => ({ ...one, source: sourceOf(one) })),
  ];
  const kept: SetDenied['kept'][number][] = [];
  const denials: Denial[] = [];
  let next: LiveList = { ...list, allowed: list.allowed.filter((one) => one.set !== set.name) };
  for (const { rule } of set.entries) {
    const other = others.find((one) => isSamePlace(one.rule, rule));
    if (other !== undefined) {
      kept.push({ rule: renderRule(rule), source: other.source });
      continue;
    }
    const denial = denialOf(rule);
    denials.push(denial);
    next = withDenied(next, denial);
  }
  return { list: next, denials, kept };
}

/** @returns where a rule of the operator's stands, as he is told. */
export function sourceOf({ set }: Allowance): string {
  return set === undefined ? 'cloister allow' : `cloister allow @${set}`;
}

function isSamePlace(one: Rule, other: Rule): boolean {
  return one.name === other.name && one.wildcard === other.wildcard && one.port === other.port;
}

/** The port too: another port of that name is none of the set's. */
function denialOf({ name, wildcard, port }: Rule): Denial {
  return { name, wildcard, port };
}
