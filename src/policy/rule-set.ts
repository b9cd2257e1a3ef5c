import { nearestOf } from '../core/nearest.ts';
import type { Rule, SourcedRule } from './rule.ts';

/** Rules that belong together under one word, as a file of data holds them. */
export interface RuleSet {
  /** Lower-case letters, digits and dashes, without the `@`. */
  readonly name: string;
  /** What it is for, in words. */
  readonly about: string;
  readonly entries: readonly SetEntry[];
}

export interface SetEntry {
  readonly rule: Rule;
  /** Why the work needs it. */
  readonly reason: string;
  /** Strangers put content there. */
  readonly isShared: boolean;
}

const setName = /^[a-z0-9][a-z0-9-]{0,39}$/;

export function isSetName(text: string): boolean {
  return setName.test(text);
}

/** @returns the set's name if the text is `@name`, or null. */
export function setNamed(text: string): string | null {
  return text.startsWith('@') && isSetName(text.slice(1)) ? text.slice(1) : null;
}

/** @returns the set, or what to say where there is none of that name: the nearest, and all that there are. */
export function findSet(name: string, sets: readonly RuleSet[]): RuleSet | string {
  const found = sets.find((set) => set.name === name);
  if (found !== undefined) return found;
  const names = sets.map((set) => set.name);
  const nearest = nearestOf(name, names);
  return nearest === null
    ? 'There are no sets here.'
    : `The nearest is ${nearest}; there are ${names.join(', ')}.`;
}

/** @returns the set's rules as that source has them on the list. */
export function rulesOfSet({ name, entries }: RuleSet, source: string): SourcedRule[] {
  return entries.map(({ rule }) => ({ rule, source, set: name }));
}

/** @returns the set that opens least of those that hold a rule like this or a wildcard over it, or null. */
export function smallestSetWith(rule: Rule, sets: readonly RuleSet[]): RuleSet | null {
  const [smallest = null] = sets
    .filter(({ entries }) => entries.some((entry) => opens(entry.rule, rule)))
    .sort((one, other) => one.entries.length - other.entries.length);
  return smallest;
}

function opens(own: Rule, asked: Rule): boolean {
  const isBelow = own.wildcard && asked.name.endsWith(`.${own.name}`);
  const isSame = own.name === asked.name && own.wildcard === asked.wildcard;
  return (isSame || isBelow) && own.port === asked.port && own.protocol === asked.protocol;
}
