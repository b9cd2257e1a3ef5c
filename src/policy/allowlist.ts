import { normaliseName } from './host-name.ts';
import type { Denial, Rule } from './rule.ts';

/** The allowlist, ready to be asked. Look-ups cost one step per label of the name, however long the list is. */
export interface Allowlist {
  /** Without those that a denial takes away whole. */
  readonly rules: readonly Rule[];
  /** Every rule that covers `name`; empty if the name is denied or no name at all. */
  rulesFor(name: string): readonly Rule[];
}

/** @param denied wins over every rule: of a denied name, and of any name below a denied wildcard, nothing is left. */
export function makeAllowlist(rules: readonly Rule[], denied: readonly Denial[] = []): Allowlist {
  const allow = indexOf(rules);
  const deny = indexOf(denied);
  const isLeft = (name: string, rule: Rule) =>
    !covering(name, deny).some(({ port }) => port === null || port === rule.port);
  return {
    // A wildcard's rules stand for names below it: it is gone where all of them are.
    rules: denied.length === 0 ? rules : rules.filter((rule) => isLeft(sampleOf(rule), rule)),
    rulesFor: (text) => {
      const name = normaliseName(text);
      if (name === null) return [];
      const found = ofNeighbourAlone(covering(name, allow));
      return denied.length === 0 ? found : found.filter((rule) => isLeft(name, rule));
    },
  };
}

interface Entry {
  readonly name: string;
  readonly wildcard: boolean;
  readonly port: number | null;
  readonly protocol?: string;
  readonly ech?: true;
}

interface Index<Item> {
  readonly exact: ReadonlyMap<string, readonly Item[]>;
  readonly below: ReadonlyMap<string, readonly Item[]>;
}

function indexOf<Item extends Entry>(items: readonly Item[]): Index<Item> {
  const index = { exact: new Map<string, Item[]>(), below: new Map<string, Item[]>() };
  for (const item of items) {
    const names = item.wildcard ? index.below : index.exact;
    const known = names.get(item.name);
    if (known === undefined) names.set(item.name, [item]);
    else if (!known.some((other) => sameEntry(other, item))) known.push(item);
  }
  return index;
}

function sameEntry(one: Entry, other: Entry): boolean {
  return one.port === other.port && one.protocol === other.protocol && one.ech === other.ech;
}

function covering<Item>(name: string, { exact, below }: Index<Item>): Item[] {
  const found = [...(exact.get(name) ?? [])];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    found.push(...(below.get(name.slice(dot + 1)) ?? []));
  }
  return found;
}

/** A neighbour's name is nobody else's: no wildcard above it opens a port of the neighbour's, or leads the name outside. */
function ofNeighbourAlone(rules: Rule[]): Rule[] {
  const own = rules.filter(({ neighbour }) => neighbour === true);
  return own.length === 0 ? rules : own;
}

/** No rule and no query holds a star, so only a wildcard covers this. */
function sampleOf({ name, wildcard }: Rule): string {
  return wildcard ? `*.${name}` : name;
}
