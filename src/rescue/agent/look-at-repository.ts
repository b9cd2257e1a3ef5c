import { readFolder, targetOf } from '../../host/agent-file-facts.ts';
import { filesBelow, readLatin1, readSmall, statOf } from '../../host/agent-files.ts';
import {
  commitsIn,
  type GitHead,
  isId,
  isPackedRefs,
  parsePackedRefs,
  parseStashes,
  stateFiles,
  stateFolders,
} from '../git-refs.ts';
import type { LeftOut } from '../protocol.ts';
import { findGitDir, oddNames, readHead, resolveIn } from './git-folder.ts';

const mostRefs = 200;
const mostStashes = 20;
const mostStateFiles = 500;
const mostState = 1_000_000;

/** What the agent's git directory says, read as data: none of its configuration is obeyed, or looked at. */
export interface Look {
  /** The working tree. */
  readonly folder: string;
  readonly gitDir: string;
  readonly commonDir: string;
  /** Null where that can't be told. */
  readonly head: GitHead | null;
  /** The commit HEAD stands at; null before the first one. */
  readonly commit: string | null;
  /** Local branches and tags by full name. */
  readonly refs: ReadonlyMap<string, string>;
  readonly stashes: readonly (readonly [id: string, message: string])[];
  /** State files by name: of a merge, a rebase and their like. */
  readonly state: ReadonlyMap<string, Buffer>;
  /** Commits they name. */
  readonly stateCommits: readonly string[];
  readonly sha256: boolean;
  readonly notes: readonly string[];
  /** Why it can't be believed as it is; empty where it can. */
  readonly damage: readonly string[];
  /** What has a name that git opens, and is no plain file. */
  readonly odd: readonly LeftOut[];
}

/** @returns null where there is nothing at all. Throws for what can't be looked into. */
export function look(folder: string): Look | null {
  if (isEmpty(folder)) return null;
  const found = findGitDir(folder);
  if ('damage' in found) return blind(folder, found.damage);
  const { gitDir } = found;
  const common = readLatin1(`${gitDir}/commondir`)?.trim();
  const commonDir = common === undefined ? gitDir : resolveIn(gitDir, common);
  if (statOf(`${commonDir}/reftable`) !== null)
    return blind(folder, 'its references are in a form (reftable) the box cannot read');
  const head = readHead(gitDir);
  const refs = readRefs(commonDir);
  const commit = head === null ? null : 'commit' in head ? head.commit : (refs.all.get(head.branch) ?? null);
  const state = readState(gitDir);
  const stashes = parseStashes(readLatin1(`${commonDir}/logs/refs/stash`));
  return {
    folder,
    gitDir,
    commonDir,
    head,
    commit,
    refs: refs.local,
    stashes: stashes.slice(0, mostStashes),
    state: state.files,
    stateCommits: commitsIn(state.files),
    sha256: (commit ?? [...refs.all.values()][0] ?? '').length === 64,
    notes: [...refs.notes, ...notesOf({ stashes: stashes.length, state: state.complete })],
    damage: damageOf({ commonDir, head, commit, refs }),
    odd: [...oddNames(gitDir), ...refs.odd],
  };
}

function isEmpty(folder: string): boolean {
  try {
    return readFolder(folder).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw new Error(`${folder} cannot be read`, { cause: error });
  }
}

/** The files alone. */
export function blind(folder: string, damage: string): Look {
  const none = { refs: new Map(), stashes: [], state: new Map(), stateCommits: [], notes: [], odd: [] };
  const nowhere = { gitDir: '/nonexistent', commonDir: '/nonexistent' };
  return { folder, ...nowhere, head: null, commit: null, sha256: false, ...none, damage: [damage] };
}

function damageOf(facts: {
  commonDir: string;
  head: GitHead | null;
  commit: string | null;
  refs: ReturnType<typeof readRefs>;
}): string[] {
  const { commonDir, head, commit, refs } = facts;
  const lost = head !== null && 'branch' in head && commit === null;
  return [
    ...(head === null ? ['its HEAD names neither a branch nor a commit'] : []),
    ...(lost && refs.broken.includes(head.branch) ? ['the branch it is on names no commit'] : []),
    ...(lost && (statOf(`${commonDir}/logs/${head.branch}`)?.size ?? 0) > 0
      ? ['the branch it is on is gone']
      : []),
    ...(lost && !refs.isList ? ['its list of references (packed-refs) cannot be read'] : []),
    ...(targetOf(`${commonDir}/objects`)?.isDirectory() === true ? [] : ['it has no objects']),
  ];
}

function notesOf({ stashes, state }: { stashes: number; state: boolean }): string[] {
  return [
    ...(stashes > mostStashes ? [`There are more than ${mostStashes} stashes: the latest are saved.`] : []),
    ...(state ? [] : ['The files of a merge or rebase half done are too many to be saved whole.']),
  ];
}

function readRefs(commonDir: string) {
  const packed = readLatin1(`${commonDir}/packed-refs`, 16_000_000);
  const isList = isPackedRefs(packed) && (packed !== null || statOf(`${commonDir}/packed-refs`) === null);
  const all = parsePackedRefs(packed);
  const broken: string[] = [];
  const aliases: [name: string, of: string][] = [];
  const odd: LeftOut[] = [];
  for (const kind of ['heads', 'tags']) {
    const strange = (path: string) => odd.push({ path: `.git/refs/${kind}/${path}`, why: 'special' });
    for (const path of filesBelow(`${commonDir}/refs/${kind}`, 10 * mostRefs, strange)) {
      const name = `refs/${kind}/${path}`;
      const text = readLatin1(`${commonDir}/${name}`, 1000)?.trim() ?? '';
      const [, of] = /^ref: (.+)$/.exec(text) ?? [];
      if (isId(text)) all.set(name, text);
      else if (of !== undefined) aliases.push([name, of]);
      else if (!path.endsWith('.lock')) {
        // Git believes the file, not the list.
        all.delete(name);
        broken.push(name);
      }
    }
  }
  for (const [name, of] of aliases) {
    const id = all.get(of);
    if (id !== undefined) all.set(name, id);
  }
  broken.push(...odd.map(({ path }) => path.replace('.git/', '')));
  const local = [...all].filter(([name]) => /^refs\/(heads|tags)\//.test(name));
  const notes = [
    ...(local.length > mostRefs
      ? [`There are more than ${mostRefs} branches and tags: the first ${mostRefs} are saved.`]
      : []),
    ...(broken.length > 0 ? [`${broken.length} of its references name no commit and are not saved.`] : []),
    ...(isList ? [] : ['Its list of references (packed-refs) has lines that cannot be read.']),
  ];
  return { all, local: new Map(local.slice(0, mostRefs)), notes, broken, isList, odd };
}

function readState(gitDir: string): { files: Map<string, Buffer>; complete: boolean } {
  const inFolders = stateFolders.flatMap((folder) =>
    filesBelow(`${gitDir}/${folder}`, mostStateFiles).map((path) => `${folder}/${path}`),
  );
  const files = new Map<string, Buffer>();
  let left = mostState;
  for (const name of [...stateFiles, ...inFolders].slice(0, mostStateFiles)) {
    const octets = readSmall(`${gitDir}/${name}`, left);
    if (octets === null) continue;
    files.set(name, octets);
    left -= octets.length;
  }
  const missing = inFolders.filter((name) => !files.has(name));
  return { files, complete: missing.length === 0 };
}
