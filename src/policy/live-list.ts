import { type Denial, type Rule, renderDenial, renderRule, type SourcedRule } from './rule.ts';

/** A rule of the operator's. `until` is an uptime of the machine, in milliseconds; null until the next boot. */
export interface Allowance {
  readonly rule: Rule;
  readonly until: number | null;
  /** The set it came with. */
  readonly set?: string;
}

/** The list as it lives: what was read from files and variables, and what the operator has said since. */
export interface LiveList {
  readonly base: readonly SourcedRule[];
  readonly allowed: readonly Allowance[];
  readonly denied: readonly Denial[];
}

/** What resolver, proxy and firewall go by. A denial wins over every rule. */
export interface ListInForce {
  readonly rules: readonly Rule[];
  readonly denied: readonly Denial[];
}

export function inForce({ base, allowed, denied }: LiveList): ListInForce {
  const known = new Map([...base, ...allowed].map(({ rule }) => [renderRule(rule), rule]));
  return { rules: [...known.values()], denied };
}

/** Adds a rule and lifts the denial of the same name.  @returns the list, or why the rule would open nothing. */
export function withAllowed(list: LiveList, allowance: Allowance): LiveList | string {
  const { rule } = allowance;
  const denied = list.denied.filter((denial) => !isSameName(denial, rule) || !isSamePort(denial, rule));
  const wider = denied.find((denial) => covers(denial, rule));
  if (wider !== undefined)
    return `${renderRule(rule)} stays denied by ${renderDenial(wider)}: lift that first.`;
  // The same rule with a set and without are two: the end of one is not the end of the other.
  const allowed = list.allowed.filter(
    (other) => other.set !== allowance.set || renderRule(other.rule) !== renderRule(rule),
  );
  return { ...list, denied, allowed: [...allowed, allowance] };
}

/** Adds a denial, and takes back what the operator had allowed of it. */
export function withDenied(list: LiveList, denial: Denial): LiveList {
  const denied = list.denied.filter((other) => renderDenial(other) !== renderDenial(denial));
  const allowed = list.allowed.filter(({ rule }) => !covers(denial, rule));
  return { ...list, denied: [...denied, denial], allowed };
}

export function withoutExpired(list: LiveList, now: number): LiveList {
  return { ...list, allowed: list.allowed.filter(({ until }) => until === null || until > now) };
}

/** @returns what one list has and the other has not, as an operator would type it. */
export function difference(before: LiveList, after: LiveList): { added: string[]; removed: string[] } {
  const [old, fresh] = [rendered(before), rendered(after)];
  return {
    added: [...fresh].filter((text) => !old.has(text)),
    removed: [...old].filter((text) => !fresh.has(text)),
  };
}

function rendered(list: LiveList): Set<string> {
  return new Set(inForce(list).rules.map(renderRule));
}

/** @returns whether the denial leaves nothing of the rule. */
export function covers(denial: Denial, rule: Rule): boolean {
  return isSamePort(denial, rule) && (isSameName(denial, rule) || isBelow(denial, rule));
}

function isSamePort(denial: Denial, rule: Rule): boolean {
  return denial.port === null || denial.port === rule.port;
}

function isSameName(denial: Denial, rule: Rule): boolean {
  return denial.name === rule.name && denial.wildcard === rule.wildcard;
}

function isBelow(denial: Denial, rule: Rule): boolean {
  return denial.wildcard && rule.name.endsWith(`.${denial.name}`);
}
