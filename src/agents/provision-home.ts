import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Host } from '../host/host.ts';
import {
  type Furnishing,
  isSettled,
  mergeClaudeState,
  renderGhHosts,
  renderShortage,
  type Shortage,
} from './protocol.ts';

/** Bytes of a settings file that is still one. */
const mostRead = 16 * 1024 ** 2;

/**
 * Writes into the agent's home, as the agent: root never follows a path the agent can change. Takes a Furnishing
 * as JSON on stdin, and says on stdout what a full disk has kept it from.
 */
export async function furnish(host: Pick<Host, 'print'>, stdin: NodeJS.ReadableStream): Promise<number> {
  const furnishing = JSON.parse(await readAll(stdin)) as Furnishing;
  const { home, claudeFolder, claudeLink, rooms, folders, githubToken } = furnishing;
  const without = (lack: Shortage['lack'], path: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!isFull(error)) throw error;
      host.print(renderShortage({ lack, path }));
    }
  };
  for (const room of rooms) openRoom(room);
  for (const folder of folders) without('needed', folder, () => ensureOwnFolder(folder));
  if (claudeLink !== null) without('needed', claudeFolder, () => relink(claudeFolder, claudeLink));
  without('spared', home, () => {
    for (const name of ['.bashrc', '.profile', '.bash_logout']) copySkeleton(home, name);
    relink(join(home, '.local/bin/claude'), '/usr/local/bin/claude');
  });
  // A copy of the account's policy, which Claude Code would believe where it can't ask for a new one.
  setAsideIfAny(join(claudeFolder, 'remote-settings.json'));
  const state = join(claudeFolder, '.claude.json');
  const text = readIfAny(state);
  const isPlain = lstatSync(state, { throwIfNoEntry: false })?.isFile() === true;
  if (!isPlain || !isSettled(text, furnishing))
    without('needed', claudeLink ?? claudeFolder, () => replace(state, mergeClaudeState(text, furnishing)));
  const hosts = join(home, '.config/gh/hosts.yml');
  without('spared', home, () => {
    if (githubToken !== null) return replace(hosts, renderGhHosts(githubToken));
    // The token of an earlier boot, on a home that outlives the box.
    for (const path of [hosts, draftOf(hosts)]) removeIfAny(path);
  });
  return 0;
}

/** No space, no inode, or no more of it for this user. */
function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Last night's agent, whose room it is, may have closed it to itself. */
function openRoom(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() !== true || (there.mode & 0o700) === 0o700) return;
  try {
    chmodSync(path, (there.mode & 0o777) | 0o700);
  } catch {
    // It is only to be read, or somebody else's: what needs it will say so.
  }
}

function copySkeleton(home: string, name: string): void {
  const path = join(home, name);
  const text = readIfAny(join('/etc/skel', name));
  if (text !== null && lstatSync(path, { throwIfNoEntry: false }) === undefined) replace(path, text);
}

function relink(path: string, target: string): void {
  ensureFolder(dirname(path));
  const there = lstatSync(path, { throwIfNoEntry: false });
  // What stands is not taken away: a full disk might not take it back.
  if (there?.isSymbolicLink() && readlinkSync(path) === target) return;
  if (there?.isDirectory()) setAside(path);
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function replace(path: string, text: string): void {
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

function draftOf(path: string): string {
  return `${path}.cloister`;
}

function removeIfAny(path: string): void {
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
function ensureOwnFolder(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) setAside(path);
  ensureFolder(path);
}

function setAsideIfAny(path: string): void {
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

/** A pipe would never end, a device neither. */
function readIfAny(path: string): string | null {
  try {
    return statSync(path).isFile() && !isHuge(path) ? readFileSync(path, 'utf8') : null;
  } catch {
    return null;
  }
}

function isHuge(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > mostRead;
}
