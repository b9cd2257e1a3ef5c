import type { Git } from '../git.ts';
import { put, take } from './fast-import.ts';

/** What of the tree that is staged is as the commit below has it. */
export interface Undone {
  /** Lines for the tree. */
  readonly lines: readonly string[];
  readonly paths: readonly string[];
}

/**
 * Plans the tree without what stays behind: each such file is as it was before, for one that is merely missing would come
 * back as removed.
 * @param facts.base null: there is no commit.
 */
export async function undoStaged(
  git: Git,
  facts: {
    readonly base: string | null;
    readonly startTree: string;
    readonly stays: (path: string, id: string) => boolean;
  },
): Promise<Undone> {
  const from = facts.base ?? (await git.text(['mktree']));
  const fields = await git.fields(['diff-tree', '-r', '-z', '--no-renames', '--raw', from, facts.startTree]);
  const lines: string[] = [];
  const paths: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [mode = '', , id = '', newId = '', status] = (fields[at] ?? '').slice(1).split(' ');
    const path = fields[at + 1] ?? '';
    if (!facts.stays(path, newId)) continue;
    paths.push(path);
    lines.push(status === 'A' ? take(path) : put(mode, id, path));
  }
  return { lines, paths };
}
