import type { Stats } from 'node:fs';
import { makeFolder, writeFile } from '../../host/agent-file-changes.ts';
import { readFolder } from '../../host/agent-file-facts.ts';
import { readSmall, statOf } from '../../host/agent-files.ts';
import type { Git } from '../git.ts';
import { openIgnored } from './ignored.ts';

/** Octets of a path, and folders above a file, that git and the next boot take in a time that does not matter. */
const longest = 3500;
const deepest = 200;
/** Octets by which a path that is left out is still known. */
const mostNamed = 200;

/** Something below the working tree that the index does not have. */
export interface Found {
  readonly path: string;
  readonly kind: 'file' | 'nested' | 'special' | 'unreadable' | 'deep';
}

interface Entry {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'special';
}

/**
 * Walks the working tree without opening anything but what says which files to leave alone, and that only where it is
 * a plain file: git would wait for ever for whoever writes into a pipe of that name.
 * @param shadow an empty folder in which git works instead. @param has whether the index has a path.
 * @returns what is not ignored.
 */
export async function walkTree(
  git: Git,
  facts: { readonly folder: string; readonly shadow: string; readonly has: (path: string) => boolean },
): Promise<Found[]> {
  const ignored = openIgnored(git);
  const found: Found[] = [];
  try {
    copyRules(facts, '');
    for (let level = [''], depth = 0; level.length > 0; depth++) {
      const { folders, others } = lookInto(facts, level, depth);
      const asked = [...folders, ...others.map(({ asked }) => asked)];
      const out = await ignored.among(asked);
      found.push(...others.filter(({ asked }) => !out.has(asked)).map(({ path, kind }) => ({ path, kind })));
      level = folders.filter((path) => !out.has(path)).map((path) => `${path}/`);
      for (const folder of level) copyRules(facts, folder);
    }
  } finally {
    await ignored.close();
  }
  return found;
}

type Facts = Parameters<typeof walkTree>[1];
/** With what to ask whether it is ignored. */
type Asked = Found & { readonly asked: string };

function lookInto(facts: Facts, level: readonly string[], depth: number) {
  const folders: string[] = [];
  const others: Asked[] = [];
  for (const at of level) {
    const entries = entriesOf(`${facts.folder}/${at}`);
    const closed = depth > deepest || at.length > longest ? 'deep' : entries === null ? 'unreadable' : null;
    if (closed !== null) {
      others.push({ path: closed === 'deep' ? shorten(at) : at, kind: closed, asked: inside(at) });
      continue;
    }
    const here = entries ?? [];
    if (at !== '' && here.some(({ name }) => name === '.git') && isRepository(`${facts.folder}/${at}`)) {
      if (!facts.has(at.slice(0, -1))) others.push({ path: at, kind: 'nested', asked: inside(at) });
      continue;
    }
    for (const { name, kind } of here) {
      const path = `${at}${name}`;
      if (name === '.git') {
        // In no tree: where it is the repository's own it is looked at elsewhere.
        if (at !== '')
          others.push({ path, kind: kind === 'folder' ? 'nested' : 'special', asked: inside(at) });
      } else if (kind === 'folder') folders.push(path);
      else if (!facts.has(path)) {
        const isLong = path.length > longest;
        others.push({ path: isLong ? shorten(path) : path, kind: isLong ? 'deep' : kind, asked: path });
      }
    }
  }
  return { folders, others };
}

/** A name in a folder that nobody's rule means. */
function inside(folder: string): string {
  return `${folder}\x01`;
}

function shorten(path: string): string {
  return path.length > mostNamed ? `${path.slice(0, mostNamed)}...` : path;
}

function isRepository(folder: string): boolean {
  const git = statOf(`${folder}.git`);
  if (git?.isFile() === true)
    return /^gitdir: /.test(readSmall(`${folder}.git`, 10_000)?.toString('latin1') ?? '');
  return (
    git?.isDirectory() === true &&
    statOf(`${folder}.git/HEAD`) !== null &&
    statOf(`${folder}.git/objects`) !== null
  );
}

function copyRules({ folder, shadow }: Facts, at: string): void {
  const path = `${folder}/${at}.gitignore`;
  // A link is not followed: nor does git.
  if (statOf(path)?.isFile() !== true) return;
  const rules = readSmall(path);
  if (rules === null) return;
  makeFolder(`${shadow}/${at}`);
  writeFile(`${shadow}/${at}.gitignore`, rules);
}

/** @returns null for a folder that can't be read. */
function entriesOf(folder: string): Entry[] | null {
  try {
    return readFolder(folder).map(({ name, entry }) => ({ name, kind: kindOf(entry, `${folder}${name}`) }));
  } catch (error) {
    // It was there a moment ago.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null;
  }
}

type Kinds = Pick<Stats, 'isDirectory' | 'isFile' | 'isSymbolicLink'>;

function kindOf(entry: Kinds, path: string): Entry['kind'] {
  const isTold = entry.isDirectory() || entry.isFile() || entry.isSymbolicLink();
  const kind: Kinds | null = isTold ? entry : statOf(path);
  if (kind?.isDirectory() === true) return 'folder';
  return kind?.isFile() === true || kind?.isSymbolicLink() === true ? 'file' : 'special';
}
