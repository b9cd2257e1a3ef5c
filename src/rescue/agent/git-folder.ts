import { targetOf } from '../../host/agent-file-facts.ts';
import { readLink, readSmall, statOf } from '../../host/agent-files.ts';
import { type GitHead, parseHead, stateFiles } from '../git-refs.ts';
import type { LeftOut } from '../protocol.ts';

/** Names below a git directory that git opens wherever it finds them. */
const opened = [
  ...['HEAD', 'index', 'config', 'config.worktree', 'packed-refs', 'shallow', 'commondir', 'info/exclude'],
  ...['info/attributes', 'info/sparse-checkout', 'objects/info/alternates', 'logs/HEAD', 'logs/refs/stash'],
  ...stateFiles,
];

/** @returns the git directory of a working tree, or why it has none that can be read. */
export function findGitDir(folder: string): { readonly gitDir: string } | { readonly damage: string } {
  const dotGit = `${folder}/.git`;
  const stat = targetOf(dotGit);
  if (statOf(dotGit) === null) return { damage: 'there is no .git' };
  if (stat?.isDirectory() === true) return { gitDir: dotGit };
  const text = stat?.isFile() === true ? readSmall(dotGit, 10_000)?.toString('latin1') : undefined;
  const [, path] = /^gitdir: (.+)\n?$/.exec(text ?? '') ?? [];
  if (path === undefined) return { damage: '.git is neither a folder nor says where one is' };
  const gitDir = resolveIn(folder, path);
  return targetOf(gitDir)?.isDirectory() === true
    ? { gitDir }
    : { damage: '.git names a folder that is not there' };
}

export function resolveIn(folder: string, path: string): string {
  return path.startsWith('/') ? path : `${folder}/${path}`;
}

/** @returns what git would open and is no plain file: a pipe would hold it for ever. None is opened, by us or by git. */
export function oddNames(gitDir: string): LeftOut[] {
  return opened
    .filter((name) => {
      const there = targetOf(`${gitDir}/${name}`);
      return there !== null && !there.isFile();
    })
    .map((name) => ({ path: `.git/${name}`, why: 'special' }));
}

/** A link in its place names its branch by where it leads, as git itself once wrote it. */
export function readHead(gitDir: string): GitHead | null {
  const path = `${gitDir}/HEAD`;
  if (statOf(path)?.isSymbolicLink() === true) {
    const target = readLink(path).toString('latin1');
    if (target.startsWith('refs/')) return parseHead(`ref: ${target}`);
  }
  return parseHead(readSmall(path, 10_000)?.toString('latin1') ?? null);
}
