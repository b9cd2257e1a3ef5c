import { Paths } from '../core/paths.ts';
import type { Files } from '../host/host.ts';
import { parseRuleSet } from '../policy/parse-rule-set.ts';
import { isSetName, type RuleSet } from '../policy/rule-set.ts';
import type { Fault } from '../settings/fault.ts';
import { faultsOfFile, listRuleFiles, readRuleFile } from './rule-files.ts';

/** Reads the sets of the image and the operator's beside them, by name; the operator's stands in place of the image's. */
export function readSets(files: Files): { sets: RuleSet[]; faults: Fault[] } {
  const sets = new Map<string, RuleSet>();
  const faults: Fault[] = [];
  for (const folder of [Paths.sets, Paths.setsFolder]) {
    const listed = listRuleFiles(files, folder);
    faults.push(...listed.faults);
    for (const name of listed.names) {
      const read = readSet(files, `${folder}/${name}`, name.replace(/\.conf$/, ''));
      if (read.set !== null) sets.set(read.set.name, read.set);
      faults.push(...read.faults);
    }
  }
  return {
    sets: [...sets.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    faults,
  };
}

function readSet(files: Files, path: string, name: string): { set: RuleSet | null; faults: Fault[] } {
  if (!isSetName(name)) {
    const fault = 'has a name that no set can have';
    const remedy = 'Call it by lower-case letters, digits and dashes.';
    return { set: null, faults: [{ variable: path, fault, remedy }] };
  }
  const text = readRuleFile(files, path);
  if (typeof text !== 'string') return { set: null, faults: [text] };
  const { set, faults } = parseRuleSet(text, { name, source: path });
  return { set, faults: faultsOfFile(path, faults) };
}
