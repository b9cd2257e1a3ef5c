import { createHash } from 'node:crypto';
import { readOctets } from '../../host/agent-files.ts';
import type { Git } from '../git.ts';
import type { Candidate } from './choose.ts';
import { bigStatOf, candidateOf, makeCompare } from './compare.ts';
import { type Listed, listIndex } from './listing.ts';
import type { Look } from './look-at-repository.ts';
import { copyIndex } from './scratch.ts';
import { type Found, walkTree } from './tree.ts';

/** How the working tree and the index stand. */
export interface Changes {
  /** The agent's index, all in one file. */
  readonly index: string;
  readonly entries: readonly Listed[];
  readonly candidates: readonly Candidate[];
  /** The same again only if nothing that would be saved has changed. */
  readonly fingerprint: string;
}

/** Compares the working tree with the index, on copies: the agent's own stays untouched, and unlocked. */
export async function findChanges(git: Git, look: Look, scratch: string): Promise<Changes> {
  const { index, time } = copyIndex(look, scratch);
  const own = git.withIndex(index);
  if (time === null) await own.run(['read-tree', '--empty']);
  await own.run(['update-index', '--force-write-index']);
  return compareTree(own, { look, index, time: time ?? 0n });
}

/** The same where the agent's index can't be believed: with one of what is in a commit, or in none. */
export async function changesFrom(git: Git, look: Look, base: string | null): Promise<Changes> {
  const index = `${git.place.gitDir}/index.base`;
  const own = git.withIndex(index);
  await own.run(['read-tree', base ?? '--empty']);
  return compareTree(own, { look, index, time: 0n });
}

async function compareTree(
  git: Git,
  { look, index, time }: { look: Look; index: string; time: bigint },
): Promise<Changes> {
  const { folder } = look;
  const entries = await listIndex(git);
  const paths = new Set(entries.map(({ path }) => path));
  const found = await walkTree(git, {
    folder,
    shadow: git.place.workTree,
    has: (path) => paths.has(path),
  });
  const candidates = [
    ...compareEntries(folder, entries, time),
    ...found.map((one) => candidateAt(folder, one)).filter((one) => one !== null),
  ];
  return { index, entries, candidates, fingerprint: fingerprintOf(look, index, candidates) };
}

/** A path in conflict stands in the index up to three times, and is one file. */
function compareEntries(folder: string, entries: readonly Listed[], indexTime: bigint): Candidate[] {
  const compare = makeCompare({ folder, indexTime });
  const once = new Map(entries.map((entry) => [entry.path, entry]));
  return [...once.values()].map(compare).filter((one) => one.kind !== 'same');
}

function candidateAt(folder: string, { path, kind }: Found): Candidate | null {
  const none = { path, tracked: false, mode: '100644', size: 0, stamp: '' } as const;
  if (kind !== 'file') return { ...none, kind };
  const stat = bigStatOf(`${folder}/${path}`);
  if (stat === 'closed') return { ...none, kind: 'unreadable' };
  // It was there a moment ago.
  return stat === 'gone' || stat.isDirectory() ? null : candidateOf(none, stat);
}

function fingerprintOf(look: Look, index: string, candidates: readonly Candidate[]): string {
  const hash = createHash('sha256');
  const tell = (...words: unknown[]) => hash.update(`${JSON.stringify(words)}\n`, 'latin1');
  tell(look.head, [...look.refs], look.stashes, look.commit, look.damage, look.odd);
  for (const [name, octets] of look.state) tell(name, octets.toString('latin1'));
  hash.update(readOctets(index));
  for (const { path, kind, mode, tracked, size, stamp } of candidates)
    tell(path, kind, mode, tracked, size, stamp);
  return hash.digest('hex');
}
