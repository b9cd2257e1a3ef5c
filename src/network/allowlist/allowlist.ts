import { normaliseName } from './name.ts';
import type { Rule } from './rule.ts';

/** The allowlist, ready to be asked. Look-ups cost one step per label of the name, however long the list is. */
export interface Allowlist {
  readonly rules: readonly Rule[];
  /** Every rule that covers `name`; empty if the name is denied or no name at all. */
  rulesFor(name: string): readonly Rule[];
}

export function makeAllowlist(rules: readonly Rule[]): Allowlist {
  const exact = new Map<string, Rule[]>();
  const below = new Map<string, Rule[]>();
  for (const rule of rules) {
    const index = rule.wildcard ? below : exact;
    const known = index.get(rule.name);
    if (known === undefined) index.set(rule.name, [rule]);
    else if (!known.some((other) => sameDoor(other, rule))) known.push(rule);
  }
  return {
    rules,
    rulesFor: (text) => {
      const name = normaliseName(text);
      return name === null ? [] : [...(exact.get(name) ?? []), ...coveringWildcards(name, below)];
    },
  };
}

function sameDoor(one: Rule, other: Rule): boolean {
  return one.port === other.port && one.protocol === other.protocol;
}

function coveringWildcards(name: string, below: ReadonlyMap<string, Rule[]>): Rule[] {
  const found: Rule[] = [];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    found.push(...(below.get(name.slice(dot + 1)) ?? []));
  }
  return found;
}
