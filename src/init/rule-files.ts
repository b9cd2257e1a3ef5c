import type { Files } from '../host/host.ts';
import type { RuleFault } from '../policy/parse-rules.ts';
import type { Fault } from '../settings/fault.ts';

/** Bytes of one file of rules, and drop-ins beside the first. */
const longestFile = 4 * 1024 ** 2;
const mostFiles = 1000;
/** Faults of one file that are told one by one. */
const mostFaults = 20;

/** @returns the names of the files of rules in a folder, or what is wrong with it. No folder has none. */
export function listRuleFiles(files: Files, folder: string): { names: string[]; faults: Fault[] } {
  const fail = (fault: string, remedy: string) => ({
    names: [],
    faults: [{ variable: folder, fault, remedy }],
  });
  // What a link leads to, too.
  if (files.facts(folder) !== null && files.facts(`${folder}/.`)?.kind !== 'folder')
    return fail('is no folder that can be read', 'Mount a folder there, or leave the mount out.');
  const names = files.list(folder, mostFiles + 1);
  if (names.length > mostFiles) return fail(`holds more than ${mostFiles} files`, 'Join them.');
  return { names: names.filter((name) => name.endsWith('.conf')), faults: [] };
}

/** @returns the text of a file of rules, or what is wrong with the file. */
export function readRuleFile(files: Files, path: string): string | Fault {
  const fail = (fault: string, remedy: string) => ({ variable: path, fault, remedy });
  let text: string;
  try {
    text = files.readBounded(path, longestFile);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    return fail(`can't be read (${code})`, 'Mount it readable, or leave the mount out.');
  }
  // NUL, and what stands for octets that are no UTF-8.
  return /[\0\ufffd]/.test(text) ? fail('is no text', 'Mount a file with a rule a line.') : text;
}

/** @returns the faults of one file's lines, as an operator is told them. */
export function faultsOfFile(path: string, faults: readonly RuleFault[]): Fault[] {
  const told = faults.slice(0, mostFaults).map(({ line, fault, remedy = 'Mend or remove the line.' }) => ({
    variable: `${path}:${line}`,
    fault,
    remedy,
  }));
  const more = faults.length - told.length;
  if (more === 0) return told;
  return [...told, { variable: path, fault: `has ${more} more such lines`, remedy: 'Mend or remove them.' }];
}

/** @returns one sentence a fault, as an operator reads it. */
export function renderFaults(faults: readonly Fault[]): string[] {
  return faults.map(({ variable, fault, remedy }) => `${variable} ${fault}. ${remedy}`);
}
