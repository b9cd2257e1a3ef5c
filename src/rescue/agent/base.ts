import type { Git } from '../git.ts';
import type { GitHead } from '../git-refs.ts';
import type { SaveOrder } from '../protocol.ts';
import { type Remote, RemoteError } from '../remote.ts';
import { present } from './git-objects.ts';

/** A commit of the remote's that files can be saved on. */
export interface Base {
  /** Null: it has none. */
  readonly commit: string | null;
  /** The branch, by its full name, that is saved as the one checked out. */
  readonly branch: string;
}

/** @returns the remote's last commit of the branch that is checked out, else of what a clone comes up with. */
export function planBase(remote: Remote, head: GitHead | null, ref: string | null): Base {
  const own = head !== null && 'branch' in head ? [head.branch] : [];
  const others = [
    ...(ref === null ? [] : [`refs/heads/${ref}`]),
    ...(remote.branch === null ? [] : [remote.branch]),
  ];
  const there = [...own, ...others].find((name) => remote.refs.has(name));
  const commit = there === undefined ? null : (remote.refs.get(there) ?? null);
  return { commit, branch: own[0] ?? others[0] ?? 'refs/heads/main' };
}

/** Throws where it is not whole among the agent's objects. */
export async function assertWhole(git: Git, commit: string): Promise<void> {
  if ((await present(git, [commit])).get(commit) !== 'commit') throw new Error(`its objects lack ${commit}`);
  await git.run(['rev-list', '--objects', '--quiet', `${commit}^{tree}`]);
}

/** Brings it into our own git directory, without what was before it. */
export async function fetchBase(git: Git, { url, credential }: SaveOrder, commit: string): Promise<void> {
  const options = [
    '--quiet',
    '--depth=1',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--refmap=',
  ];
  const args = ['fetch', ...options, '--recurse-submodules=no', '--', url, `+${commit}:refs/base`];
  await git.run(args, credential ? { voice: 'operator' } : {}).catch((error: unknown) => {
    throw new RemoteError(error);
  });
}
