import type { RuleFault, SetReference } from './parse-rules.ts';
import type { SourcedRule } from './rule.ts';
import { findSet, type RuleSet, rulesOfSet } from './rule-set.ts';

/** Puts the rules of each set in the place of the line that names it. */
export function expandSets(
  references: readonly SetReference[],
  sets: readonly RuleSet[],
): { sourced: SourcedRule[]; faults: RuleFault[] } {
  const sourced: SourcedRule[] = [];
  const faults: RuleFault[] = [];
  for (const { set, source, line } of references) {
    const found = findSet(set, sets);
    if (typeof found === 'string')
      faults.push({ source, line, fault: `names no set: @${set}`, remedy: found });
    else sourced.push(...rulesOfSet(found, `${source}:${line}`));
  }
  return { sourced, faults };
}
