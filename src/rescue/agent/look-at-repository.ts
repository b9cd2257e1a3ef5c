import { filesBelow, readLatin1, readSmall, statOf } from '../../host/agent-files.ts';
import {
  commitsIn,
  type Head,
  isId,
  parseHead,
  parsePackedRefs,
  parseStashes,
  stateFiles,
  stateFolders,
} from '../git-refs.ts';

const mostRefs = 200;
const mostStashes = 20;
const mostStateFiles = 500;
const mostState = 1_000_000;

/** What the agent's git directory says, read as data: none of its configuration is obeyed, or looked at. */
export interface Look {
  readonly gitDir: string;
  readonly commonDir: string;
  readonly head: Head;
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
}

/** @returns why there is nothing to look at, where there is not. */
export function look(folder: string): Look | string {
  const gitDir = gitDirOf(folder);
  if (gitDir === null) return 'there is no repository in /workspace/repo';
  const common = readLatin1(`${gitDir}/commondir`)?.trim();
  const commonDir = common === undefined ? gitDir : resolve(gitDir, common);
  if (statOf(`${commonDir}/reftable`) !== null)
    return 'its references are in a form (reftable) the box cannot read';
  const head = parseHead(readLatin1(`${gitDir}/HEAD`));
  if (head === null) return 'its HEAD names neither a branch nor a commit';
  const refs = readRefs(commonDir);
  const commit = 'commit' in head ? head.commit : (refs.all.get(head.branch) ?? null);
  const state = readState(gitDir);
  const stashes = parseStashes(readLatin1(`${commonDir}/logs/refs/stash`));
  const trees = filesBelow(`${commonDir}/worktrees`, 1000).filter((path) => /^[^/]+\/HEAD$/.test(path));
  const notes = [
    ...(refs.complete
      ? []
      : [`There are more than ${mostRefs} branches and tags: the first ${mostRefs} are saved.`]),
    ...(stashes.length > mostStashes
      ? [`There are more than ${mostStashes} stashes: the latest are saved.`]
      : []),
    ...(trees.length > 0
      ? [`${trees.length} more working trees of the repository are not saved, their branches are.`]
      : []),
    ...(state.complete ? [] : ['The files of a merge or rebase half done are too many to be saved whole.']),
  ];
  return {
    gitDir,
    commonDir,
    head,
    commit,
    refs: refs.local,
    stashes: stashes.slice(0, mostStashes),
    state: state.files,
    stateCommits: commitsIn(state.files),
    sha256: (commit ?? [...refs.all.values()][0] ?? '').length === 64,
    notes,
  };
}

function gitDirOf(folder: string): string | null {
  const dotGit = `${folder}/.git`;
  if (statOf(dotGit)?.isDirectory() === true) return dotGit;
  const [, path] = /^gitdir: (.+)\n?$/.exec(readLatin1(dotGit, 10_000) ?? '') ?? [];
  return path === undefined ? null : resolve(folder, path);
}

function resolve(folder: string, path: string): string {
  return path.startsWith('/') ? path : `${folder}/${path}`;
}

function readRefs(commonDir: string) {
  const all = parsePackedRefs(readLatin1(`${commonDir}/packed-refs`, 16_000_000));
  for (const kind of ['heads', 'tags']) {
    for (const path of filesBelow(`${commonDir}/refs/${kind}`, 10 * mostRefs)) {
      const id = readLatin1(`${commonDir}/refs/${kind}/${path}`, 1000)?.trim() ?? '';
      if (isId(id)) all.set(`refs/${kind}/${path}`, id);
    }
  }
  const local = [...all].filter(([name]) => /^refs\/(heads|tags)\//.test(name));
  return { all, local: new Map(local.slice(0, mostRefs)), complete: local.length <= mostRefs };
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
