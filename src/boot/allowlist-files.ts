import { Paths } from '../core/paths.ts';
import type { Files, Host } from '../host/host.ts';
import { readSets } from '../init/read-sets.ts';
import { faultsOfFile, listRuleFiles, readRuleFile } from '../init/rule-files.ts';
import { expandSets } from '../policy/expand-sets.ts';
import { parseRules } from '../policy/parse-rules.ts';
import type { SourcedRule } from '../policy/rule.ts';
import { findSet, type RuleSet, rulesOfSet } from '../policy/rule-set.ts';
import type { Fault } from '../settings/fault.ts';

/** Rules of files and settings together: every name is looked up at the start, and goes through a small memory. */
export const mostRules = 20_000;

interface Read {
  readonly base: SourcedRule[];
  readonly faults: Fault[];
}

/**
 * Reads the allowlist of the image and the operator's drop-in files beside it.
 * @param chosen the sets that `ALLOW_SETS` names.
 */
export function readRules(host: Host, chosen: readonly string[]): Read {
  const { names, faults } = listRuleFiles(host.files, Paths.domainsFolder);
  const read = readSets(host.files);
  faults.push(...read.faults);
  const base: SourcedRule[] = [];
  for (const path of [Paths.domains, ...names.map((name) => `${Paths.domainsFolder}/${name}`)]) {
    const file = readFile(host.files, path, read.sets);
    base.push(...file.base);
    faults.push(...file.faults);
    // Whoever has more will hear of it; of what comes then nobody has to.
    if (base.length > mostRules) break;
  }
  const own = readChosen(chosen, read.sets);
  return { base: [...base, ...own.base], faults: [...faults, ...own.faults] };
}

/** @returns why there are too many rules, or null. */
export function findExcess(rules: readonly SourcedRule[]): Fault | null {
  if (rules.length <= mostRules) return null;
  return {
    variable: 'The allowlist',
    fault: `has more than ${mostRules} rules`,
    remedy: 'Write *.name in place of the names below it, or leave some out.',
  };
}

function readFile(files: Files, path: string, sets: readonly RuleSet[]): Read {
  const text = readRuleFile(files, path);
  if (typeof text !== 'string') return { base: [], faults: [text] };
  const { sourced, references, faults } = parseRules(text, path);
  const expanded = expandSets(references, sets);
  const all = [...faults, ...expanded.faults].sort((one, other) => one.line - other.line);
  return { base: [...sourced, ...expanded.sourced], faults: faultsOfFile(path, all) };
}

function readChosen(chosen: readonly string[], sets: readonly RuleSet[]): Read {
  const variable = 'ALLOW_SETS';
  const found = chosen.map((name) => ({ name, set: findSet(name, sets) }));
  return {
    base: found.flatMap(({ set }) => (typeof set === 'string' ? [] : rulesOfSet(set, variable))),
    faults: found.flatMap(({ name, set }) =>
      typeof set === 'string' ? [{ variable, fault: `names ${name}, which is no set`, remedy: set }] : [],
    ),
  };
}
