import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { bigStat } from '../../host/agent-file-facts.ts';
import { close, openPlain, readLink, readPieces } from '../../host/agent-files.ts';
import type { Candidate } from './choose.ts';
import type { Listed } from './listing.ts';

/** How a path of the index stands in the working tree. */
export type Compared = { readonly kind: 'same' } | Candidate;

const same = { kind: 'same' } as const;

/**
 * Compares files with the index ourselves: git would read attributes on its way, and wait for ever where a pipe has
 * their name. Octets count as they are.
 * @param facts.indexTime nanoseconds at which the index was written: a file as young may have changed after it.
 */
export function makeCompare(facts: {
  readonly folder: string;
  readonly indexTime: bigint;
}): (entry: Listed) => Compared {
  const isReal = makeFolders(facts.folder);
  return (entry) => {
    const { path } = entry;
    const none = { path, tracked: true, mode: '100644', size: 0, stamp: '' } as const;
    const above = isReal(path);
    if (above !== 'real') return above === 'closed' ? { ...none, kind: 'unreadable' } : gone(entry, none);
    const stat = bigStatOf(`${facts.folder}/${path}`);
    if (stat === 'closed') return { ...none, kind: 'unreadable' };
    if (stat === 'gone') return gone(entry, none);
    const candidate = candidateOf(none, stat);
    if (entry.mode === '160000')
      return candidate.kind === 'gone' || candidate.kind === 'special' ? same : candidate;
    if (candidate.kind !== 'file' && candidate.kind !== 'link') return candidate;
    if (entry.stage > 0 || entry.mode !== candidate.mode || entry.isLater) return candidate;
    if (isUntouched(entry, stat) && stat.mtimeNs < facts.indexTime) return same;
    return isSameContent(facts.folder, entry, candidate) ? same : candidate;
  };
}

/** A file that is not to be there, as in a sparse checkout, is not gone. */
function gone(entry: Listed, none: Omit<Candidate, 'kind'>): Compared {
  return entry.isSkipped || entry.mode === '160000' ? same : { ...none, kind: 'gone' };
}

/** @returns a file that is there, by what it is; a folder has taken the file's place. */
export function candidateOf(none: Omit<Candidate, 'kind'>, stat: BigIntStats): Candidate {
  if (stat.isDirectory()) return { ...none, kind: 'gone' };
  const size = Number(stat.size);
  const stamp = `${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`;
  if (stat.isSymbolicLink()) return { ...none, stamp, kind: 'link', mode: '120000', size };
  if (!stat.isFile()) return { ...none, kind: 'special' };
  return { ...none, stamp, kind: 'file', mode: (stat.mode & 0o100n) === 0n ? '100644' : '100755', size };
}

export function bigStatOf(path: string): BigIntStats | 'gone' | 'closed' {
  try {
    return bigStat(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : 'closed';
  }
}

/** A path that leads through a link is another file: in the tree it is gone. */
function makeFolders(root: string): (path: string) => 'real' | 'gone' | 'closed' {
  const known = new Map<string, 'real' | 'gone' | 'closed'>();
  const look = (folder: string): 'real' | 'gone' | 'closed' => {
    if (folder === '') return 'real';
    const before = known.get(folder);
    if (before !== undefined) return before;
    const above = look(folder.slice(0, Math.max(folder.lastIndexOf('/'), 0)));
    const stat = above === 'real' ? bigStatOf(`${root}/${folder}`) : above;
    const word = typeof stat === 'string' ? stat : stat.isDirectory() ? 'real' : 'gone';
    known.set(folder, word);
    return word;
  };
  return (path) => look(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
}

function isUntouched({ times }: Listed, stat: BigIntStats): boolean {
  return (
    times.size === Number(stat.size & 0xffffffffn) &&
    times.mtime === stat.mtimeNs &&
    times.ctime === stat.ctimeNs &&
    times.ino === Number(stat.ino & 0xffffffffn)
  );
}

function isSameContent(folder: string, entry: Listed, { kind, size }: Candidate): boolean {
  const path = `${folder}/${entry.path}`;
  const hash = createHash(entry.id.length === 64 ? 'sha256' : 'sha1');
  if (kind === 'link') {
    const target = readLink(path);
    return hash.update(`blob ${target.length}\0`).update(target).digest('hex') === entry.id;
  }
  const open = openPlain(path, { follow: false });
  // It is read once more where it is saved, and told there.
  if (open === null) return false;
  try {
    hash.update(`blob ${size}\0`);
    for (const octets of readPieces(open.descriptor, size, () => {})) hash.update(octets);
  } finally {
    close(open.descriptor);
  }
  return hash.digest('hex') === entry.id;
}
