import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

// The agent's home, put in order as the agent. It may be on a volume, and last night's agent may have left anything there.

/** Bytes of a settings file that is still one. */
const mostRead = 16 * 1024 ** 2;

/** No space, no inode, or no more of it for this user. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Last night's agent, whose room it is, may have closed it to itself. */
export function openRoom(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() !== true || (there.mode & 0o700) === 0o700) return;
  try {
    chmodSync(path, (there.mode & 0o777) | 0o700);
  } catch {
    // It is only to be read, or somebody else's: what needs it will say so.
  }
}

/** Copies a small text, unless something is there. */
export function copyIfMissing(from: string, to: string): void {
  const text = readIfAny(from);
  if (text !== null && lstatSync(to, { throwIfNoEntry: false }) === undefined) replace(to, text);
}

/** Links to a place of the image, unless something is there. */
export function linkIfMissing(path: string, target: string): void {
  ensureFolder(dirname(path));
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(target, path);
}

/** @returns the links in a folder that lead below `target` and to nothing, of at most so many entries. */
export function deadLinks(folder: string, target: string, most: number): string[] {
  return namesIn(folder, most)
    .map((name) => join(folder, name))
    .filter((path) => {
      const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
      return isLink && readlinkSync(path).startsWith(`${target}/`) && !existsSync(path);
    });
}

/** @returns names of what is in a folder, none where it can't be read. A million of them would take a boot's time. */
export function namesIn(folder: string, most: number): string[] {
  const names: string[] = [];
  try {
    using opened = opendirSync(folder);
    for (let entry = opened.readSync(); entry !== null && names.length < most; entry = opened.readSync())
      names.push(entry.name);
  } catch {
    // What is no folder has none.
  }
  return names;
}

export function relink(path: string, target: string): void {
  ensureFolder(dirname(path));
  const there = lstatSync(path, { throwIfNoEntry: false });
  // What stands is not taken away: a full disk might not take it back.
  if (there?.isSymbolicLink() && readlinkSync(path) === target) return;
  if (there?.isDirectory()) setAside(path);
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

export function replace(path: string, text: string): void {
  ensureFolder(dirname(path));
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false || isHuge(path)) setAside(path);
  const draft = draftOf(path);
  clear(draft);
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

export function draftOf(path: string): string {
  return `${path}.cloister`;
}

export function removeIfAny(path: string): void {
  if (isAbsent(path)) return;
  ensureFolder(dirname(path));
  clear(path);
}

function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    return ['ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

/** Makes a folder that can be written. A home kept on a volume may hold anything in its place. */
function ensureFolder(path: string): void {
  if (isWritableFolder(path)) return;
  if (path !== dirname(path)) ensureFolder(dirname(path));
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) {
    chmodSync(path, 0o700);
    return;
  }
  if (there !== undefined) setAside(path);
  mkdirSync(path, { mode: 0o700 });
}

function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A link in its place could lead out of the volume, and nothing would be kept. */
export function ensureOwnFolder(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) setAside(path);
  ensureFolder(path);
}

export function setAsideIfAny(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) setAside(path);
}

/** Nothing of the agent's is thrown away, only what was set aside before. */
function setAside(path: string): void {
  const aside = `${path}.aside`;
  clear(aside);
  renameSync(path, aside);
}

/** Makes a name free. A folder may hold millions of files, or be closed even to us: it gets another name. */
function clear(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) renameSync(path, `${path}.${Math.random().toString(36).slice(2)}`);
  else rmSync(path, { force: true });
}

export function isPlain(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** A pipe would never end, a device neither. */
export function readIfAny(path: string): string | null {
  try {
    return statSync(path).isFile() && !isHuge(path) ? readFileSync(path, 'utf8') : null;
  } catch {
    return null;
  }
}

function isHuge(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > mostRead;
}
