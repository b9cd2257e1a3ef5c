import { Paths } from '../core/paths.ts';
import type { Files, Host } from '../host/host.ts';
import { type ParsedRules, parseRules } from '../policy/parse-rules.ts';
import type { SourcedRule } from '../policy/rule.ts';
import type { Fault } from '../settings/fault.ts';

/** Bytes of one file of rules, and drop-ins beside the first. */
const longestFile = 4 * 1024 ** 2;
const mostDropIns = 1000;
/** Faults of one file that are told one by one. */
const mostFaults = 20;
/** Rules of files and settings together: every name is looked up at the start, and goes through a small memory. */
export const mostRules = 20_000;

interface Read {
  readonly base: SourcedRule[];
  readonly faults: Fault[];
}

/** Reads the allowlist of the image and the operator's drop-in files beside it. */
export function readRules(host: Host): Read {
  const { names, faults } = listDropIns(host.files);
  const base: SourcedRule[] = [];
  for (const path of [Paths.domains, ...names.map((name) => `${Paths.domainsFolder}/${name}`)]) {
    const read = readFile(host.files, path);
    base.push(...read.base);
    faults.push(...read.faults);
    // Whoever has more will hear of it; of what comes then nobody has to.
    if (base.length > mostRules) break;
  }
  return { base, faults };
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

function listDropIns(files: Files): { names: string[]; faults: Fault[] } {
  const folder = Paths.domainsFolder;
  const fail = (fault: string, remedy: string) => ({
    names: [],
    faults: [{ variable: folder, fault, remedy }],
  });
  // What a link leads to, too.
  if (files.facts(folder) !== null && files.facts(`${folder}/.`)?.kind !== 'folder')
    return fail('is no folder that can be read', 'Mount a folder there, or leave the mount out.');
  const names = files.list(folder, mostDropIns + 1);
  if (names.length > mostDropIns) return fail(`holds more than ${mostDropIns} files`, 'Join them.');
  return { names: names.filter((name) => name.endsWith('.conf')), faults: [] };
}

function readFile(files: Files, path: string): Read {
  const fail = (fault: string, remedy: string) => ({ base: [], faults: [{ variable: path, fault, remedy }] });
  let text: string;
  try {
    text = files.readBounded(path, longestFile);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    return fail(`can't be read (${code})`, 'Mount it readable, or leave the mount out.');
  }
  // NUL, and what stands for octets that are no UTF-8.
  if (/[\0\ufffd]/.test(text)) return fail('is no text', 'Mount a file with a rule a line.');
  const parsed = parseRules(text, path);
  return { base: [...parsed.sourced], faults: faultsOf(parsed, path) };
}

function faultsOf({ faults }: ParsedRules, path: string): Fault[] {
  const told = faults
    .slice(0, mostFaults)
    .map(({ line, fault }) => ({ variable: `${path}:${line}`, fault, remedy: 'Mend or remove the line.' }));
  const more = faults.length - told.length;
  if (more === 0) return told;
  return [...told, { variable: path, fault: `has ${more} more such lines`, remedy: 'Mend or remove them.' }];
}

/** @returns one sentence a fault, as an operator reads it. */
export function renderFaults(faults: readonly Fault[]): string[] {
  return faults.map(({ variable, fault, remedy }) => `${variable} ${fault}. ${remedy}`);
}
