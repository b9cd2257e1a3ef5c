import { createHash } from 'node:crypto';
import { copyFile } from '../../host/agent-file-changes.ts';
import { readOctets, statOf } from '../../host/agent-files.ts';
import type { Git } from '../git.ts';
import type { Candidate } from './choose.ts';
import type { Look } from './look-at-repository.ts';
import { copyIndex } from './scratch.ts';

/** One entry of the index. */
export interface Entry {
  readonly path: string;
  readonly mode: string;
  readonly id: string;
  readonly stage: number;
}

/** How the working tree and the index stand. */
export interface Changes {
  /** The agent's index, all in one file. */
  readonly index: string;
  readonly entries: readonly Entry[];
  readonly candidates: readonly Candidate[];
  /** The same again only if nothing that would be saved has changed. */
  readonly fingerprint: string;
}

/** Compares the working tree with the index, on copies: the agent's own stays untouched, and unlocked. */
export async function findChanges(git: Git, look: Look, scratch: string): Promise<Changes> {
  const index = copyIndex(look.gitDir, scratch);
  const whole = git.withIndex(index);
  await whole.run(['update-index', '--force-write-index']);
  const work = `${scratch}/index.work`;
  copyFile(index, work);
  const compared = git.withIndex(work);
  const listed = (await compared.fields(['ls-files', '-v', '-s', '-z']))
    .map(parseEntry)
    .filter((one) => one !== null);
  await believeNoFlag(compared, listed);
  await compared.succeeds(['update-index', '-q', '--refresh']);
  const candidates = await findCandidates(compared, listed);
  return { index, entries: listed, candidates, fingerprint: fingerprintOf(look, index, candidates) };
}

interface Listed extends Entry {
  /** What `ls-files -v` says of it. */
  readonly tag: string;
}

function parseEntry(field: string): Listed | null {
  const match = /^(.) ([0-7]{6}) ([0-9a-f]+) ([0-3])\t(.*)$/s.exec(field);
  if (match === null) return null;
  const [, tag = '', mode = '', id = '', stage = '', path = ''] = match;
  return { tag, mode, id, stage: Number(stage), path };
}

/** An entry may say that its file is not to be looked at; the file may have changed all the same. */
async function believeNoFlag(git: Git, listed: readonly Listed[]): Promise<void> {
  const clear = (flag: string, entries: readonly Listed[]) =>
    entries.length === 0
      ? null
      : git.run(['update-index', flag, '-z', '--stdin'], {
          stdin: entries.map(({ path }) => `${path}\0`).join(''),
        });
  const { workTree } = git.place;
  const skipped = listed.filter(({ tag }) => tag.toUpperCase() === 'S');
  await clear(
    '--no-assume-unchanged',
    listed.filter(({ tag }) => tag !== tag.toUpperCase()),
  );
  await clear(
    '--no-skip-worktree',
    skipped.filter(({ path }) => statOf(`${workTree}/${path}`) !== null),
  );
}

async function findCandidates(git: Git, entries: readonly Entry[]): Promise<Candidate[]> {
  const compare = ['diff-files', '--raw', '-z', '--no-renames', '--ignore-submodules=all', '--no-ext-diff'];
  const fields = await git.fields(compare);
  const modules = new Set(entries.filter(({ mode }) => mode === '160000').map(({ path }) => path));
  const status = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const path = fields[at + 1] ?? '';
    if (!modules.has(path) && status.get(path) !== 'D') status.set(path, (fields[at] ?? '').slice(-1));
  }
  for (const { path } of entries.filter(({ stage }) => stage > 0)) {
    if (!status.has(path)) status.set(path, 'U');
  }
  const { workTree } = git.place;
  const tracked = [...status].map(([path, word]) =>
    candidateAt(workTree, path, word === 'D' ? 'gone' : 'tracked'),
  );
  const others = await git.fields(['ls-files', '-o', '--exclude-standard', '-z']);
  return [...tracked, ...others.map((path) => candidateAt(workTree, path, 'untracked'))];
}

function candidateAt(folder: string, path: string, how: 'gone' | 'tracked' | 'untracked'): Candidate {
  const none = { path, tracked: how !== 'untracked', mode: '100644', size: 0, stamp: '' } as const;
  if (path.endsWith('/')) return { ...none, kind: 'nested' };
  const stat = how === 'gone' ? null : statOf(`${folder}/${path}`);
  if (stat === null || (stat.isDirectory() && how === 'tracked')) return { ...none, kind: 'gone' };
  const stamp = `${stat.mtimeMs} ${stat.ctimeMs} ${stat.ino}`;
  if (stat.isSymbolicLink()) return { ...none, stamp, kind: 'link', mode: '120000', size: stat.size };
  if (!stat.isFile()) return { ...none, kind: 'special' };
  const mode = (stat.mode & 0o100) === 0 ? '100644' : '100755';
  return { ...none, stamp, kind: 'file', mode, size: stat.size };
}

function fingerprintOf(look: Look, index: string, candidates: readonly Candidate[]): string {
  const hash = createHash('sha256');
  const tell = (...words: unknown[]) => hash.update(`${JSON.stringify(words)}\n`, 'latin1');
  tell(look.head, [...look.refs], look.stashes, look.commit);
  for (const [name, octets] of look.state) tell(name, octets.toString('latin1'));
  hash.update(readOctets(index));
  for (const { path, kind, mode, tracked, size, stamp } of candidates)
    tell(path, kind, mode, tracked, size, stamp);
  return hash.digest('hex');
}
