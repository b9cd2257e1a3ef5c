import type { Git } from '../git.ts';
import { type NewObject, newObjects } from './git-objects.ts';

/** The newest commit below HEAD that holds nothing of what stays behind. */
export interface NewestGood {
  readonly commit: string;
  /** What the remote has not of it. */
  readonly objects: readonly NewObject[];
  /** Commits from there to HEAD, along its first parents. */
  readonly left: number;
}

/**
 * Looks for it by halves: whatever a commit holds, those built on it hold as well.
 * @param facts.known commits that the remote has.
 * @returns null where it is one of those.
 */
export async function findNewestGood(
  git: Git,
  facts: { readonly head: string; readonly known: readonly string[]; readonly bad: ReadonlySet<string> },
): Promise<NewestGood | null> {
  const { head, known, bad } = facts;
  const asked = [head, ...known.map((id) => `^${id}`), ''].join('\n');
  const listed = await git.text(['rev-list', '--first-parent', '--reverse', '--stdin'], asked);
  const commits = listed.split('\n').filter((line) => line !== '');
  let found: NewestGood | null = null;
  for (let low = 0, high = commits.length; low < high; ) {
    const middle = Math.floor((low + high) / 2);
    const commit = commits[middle] ?? '';
    const objects = await newObjects(git, [commit], known);
    if (objects.some(({ id }) => bad.has(id))) high = middle;
    else {
      found = { commit, objects, left: commits.length - middle - 1 };
      low = middle + 1;
    }
  }
  return found;
}
