import { filesBelow, readLatin1, readSmall, statOf } from '../../host/agent-files.ts';
import type { Git } from '../git.ts';
import { isId, parsePackedRefs } from '../git-refs.ts';
import { isPlainPath, isWorktreePath } from '../member.ts';
import { findGitDir } from './git-folder.ts';
import type { Entry } from './listing.ts';
import type { Look } from './look-at-repository.ts';

/** A working tree that belongs to the repository, where it stands. */
export interface FoundMember {
  readonly kind: 'worktree' | 'submodule';
  readonly name: string;
  readonly folder: string;
  /** From the repository's folder, as it will be restored. */
  readonly path: string;
  /** The commit that the repository has of a submodule; null of a linked one. */
  readonly commit: string | null;
}

/** @returns the linked working trees that are there, each by its own word and the repository's. */
export function findWorktrees({ folder, commonDir }: Pick<Look, 'folder' | 'commonDir'>): FoundMember[] {
  const names = filesBelow(`${commonDir}/worktrees`, 1000).filter((path) => /^[^/]+\/gitdir$/.test(path));
  return names.flatMap((path): FoundMember[] => {
    const name = path.slice(0, -'/gitdir'.length);
    const dotGit = readLatin1(`${commonDir}/worktrees/${path}`, 10_000)?.trimEnd() ?? '';
    const tree = dotGit.replace(/\/\.git$/, '');
    if (tree === dotGit || !tree.startsWith('/') || tree === folder) return [];
    const found = findGitDir(tree);
    if (!('gitDir' in found) || !found.gitDir.endsWith(`/worktrees/${name}`)) return [];
    return [{ kind: 'worktree', name, folder: tree, path: placeOfTree(folder, tree), commit: null }];
  });
}

/** Where it stands, or beside the repository where that is a place that no box restores into. */
function placeOfTree(folder: string, tree: string): string {
  const beside = folder.slice(0, folder.lastIndexOf('/'));
  const path = tree.startsWith(`${folder}/`)
    ? tree.slice(folder.length + 1)
    : tree.startsWith(`${beside}/`)
      ? `../${tree.slice(beside.length + 1)}`
      : tree;
  return isWorktreePath(path) ? path : `../${tree.slice(tree.lastIndexOf('/') + 1)}`;
}

/** @returns the submodules that are there: of the others the repository has but the commit. */
export function findModules(folder: string, entries: readonly Entry[]): FoundMember[] {
  const modules = entries.filter(({ mode, path }) => mode === '160000' && isPlainPath(path));
  return modules.flatMap(({ path, id }): FoundMember[] => {
    const tree = `${folder}/${path}`;
    if (statOf(`${tree}/.git`) === null) return [];
    const found = findGitDir(tree);
    const inside = 'gitDir' in found ? /\/modules\/(.+)$/.exec(found.gitDir)?.[1] : undefined;
    const name = isPlainPath(inside) ? inside : path;
    return [{ kind: 'submodule', name, folder: tree, path, commit: id }];
  });
}

/** @returns what a repository was cloned from, by its own configuration; empty for nothing that can be told. */
export async function originOf(git: Git, commonDir: string): Promise<string> {
  const file = `${commonDir}/config`;
  if (statOf(file)?.isFile() !== true) return '';
  const ask = ['config', '--file', file, '--no-includes', '--get', 'remote.origin.url'];
  return git.text(ask).catch(() => '');
}

/** @returns commits that the repository itself says its remote has. */
export function trackedIds(commonDir: string): string[] {
  const packed = parsePackedRefs(readLatin1(`${commonDir}/packed-refs`, 16_000_000));
  const listed = [...packed].filter(([name]) => name.startsWith('refs/remotes/')).map(([, id]) => id);
  const folder = `${commonDir}/refs/remotes`;
  const loose = filesBelow(folder, 1000).map((path) =>
    readSmall(`${folder}/${path}`, 1000)?.toString('latin1'),
  );
  return [...listed, ...loose.map((text) => text?.trim() ?? '').filter(isId)];
}
