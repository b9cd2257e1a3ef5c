import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { parseRules } from '../policy/parse-rules.ts';
import type { SourcedRule } from '../policy/rule.ts';
import type { Fault } from '../settings/fault.ts';

/** Reads the allowlist of the image and the operator's drop-in files beside it. */
export function readRules(host: Host): { base: SourcedRule[]; faults: Fault[] } {
  const dropIns = host.files.list(Paths.domainsFolder).filter((name) => name.endsWith('.conf'));
  const paths = [Paths.domains, ...dropIns.map((name) => `${Paths.domainsFolder}/${name}`)];
  const base: SourcedRule[] = [];
  const faults: Fault[] = [];
  for (const path of paths) {
    const text = host.files.readIfAny(path);
    if (text === null) {
      faults.push({
        variable: path,
        fault: "can't be read",
        remedy: 'Mount it readable, or leave the mount out.',
      });
      continue;
    }
    const parsed = parseRules(text, path);
    base.push(...parsed.sourced);
    for (const { line, fault } of parsed.faults) {
      faults.push({ variable: `${path}:${line}`, fault, remedy: 'Mend or remove the line.' });
    }
  }
  return { base, faults };
}

/** @returns one sentence a fault, as an operator reads it. */
export function renderFaults(faults: readonly Fault[]): string[] {
  return faults.map(({ variable, fault, remedy }) => `${variable} ${fault}. ${remedy}`);
}
