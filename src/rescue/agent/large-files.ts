import type { Git } from '../git.ts';
import type { Changes } from './changes.ts';
import type { Candidate } from './choose.ts';
import { makeCompare } from './compare.ts';
import { scanObjects } from './git-objects.ts';
import type { History } from './history.ts';
import type { Scan } from './secret-scan.ts';

const mark = 'version https://git-lfs.github.com/spec/v1\n';
/** Octets that a pointer has at most. */
const mostPointer = 1024;

/**
 * Adds files of Git LFS whose pointers the remote has not. For git they are what is staged, and so no change; their content
 * is in no object that is pushed, and may be nowhere but here.
 */
export async function withLargeFiles(
  git: Git,
  changes: Changes,
  facts: { readonly folder: string; readonly history: Pick<History, 'sizes'> },
): Promise<Changes> {
  const { sizes } = facts.history;
  const known = new Set(changes.candidates.map(({ path }) => path));
  const here = changes.entries.filter(
    ({ path, id, stage }) => stage === 0 && (sizes.get(id) ?? Infinity) <= mostPointer && !known.has(path),
  );
  const objects = here.map(({ id, path }) => ({ id, path, type: 'blob', size: sizes.get(id) ?? 0 }));
  const pointers = new Set((await scanObjects(git, objects, pointerScan)).map(({ id }) => id));
  // Nothing is as young as this index, so that octets are compared and no times.
  const compare = makeCompare({ folder: facts.folder, indexTime: 0n });
  const large = here
    .filter(({ id }) => pointers.has(id))
    .map(compare)
    .filter((one): one is Candidate => one.kind === 'file');
  return large.length === 0 ? changes : { ...changes, candidates: [...changes.candidates, ...large] };
}

function pointerScan(): Scan {
  let head = '';
  return {
    take: (octets) => {
      if (head.length < mark.length) head += octets.toString('latin1', 0, mark.length);
    },
    get found() {
      return head.startsWith(mark);
    },
  };
}
