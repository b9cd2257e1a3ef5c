import { statOf } from '../../host/agent-files.ts';
import type { Host } from '../../host/host.ts';
import { Git } from '../git.ts';
import type { SaveOrder } from '../protocol.ts';
import { printableName } from '../rescue-text.ts';
import { findChanges } from './changes.ts';
import { writeIndexTree } from './history.ts';
import type { Entry } from './listing.ts';
import { look } from './look-at-repository.ts';
import { makeScratch, removeScratch } from './scratch.ts';

const mostLookedAt = 20;

/** @returns a sentence for each submodule in which there is work: only the commit it stands at is saved of one. */
export async function moduleNotes(
  host: Pick<Host, 'run' | 'now' | 'uptime'>,
  order: SaveOrder,
  entries: readonly Entry[],
): Promise<string[]> {
  const modules = entries.filter(({ mode, path }) => mode === '160000' && isThere(`${order.folder}/${path}`));
  const notes: string[] = [];
  for (const { path, id } of modules.slice(0, mostLookedAt)) {
    const clean = await isCleanModule(host, { ...order, folder: `${order.folder}/${path}` }, id).catch(
      () => false,
    );
    if (!clean) notes.push(`The submodule ${printableName(path)} has work of its own, which is not saved.`);
  }
  const more = modules.length - mostLookedAt;
  return more > 0 ? [...notes, `${more} more submodules were not looked at.`] : notes;
}

function isThere(folder: string): boolean {
  return statOf(`${folder}/.git`) !== null;
}

async function isCleanModule(
  host: Pick<Host, 'run' | 'now' | 'uptime'>,
  order: SaveOrder,
  id: string,
): Promise<boolean> {
  const seen = look(order.folder);
  if (seen === null || seen.damage.length > 0 || seen.commit !== id) return false;
  const scratch = makeScratch(seen);
  try {
    const place = { gitDir: scratch.folder, workTree: scratch.shadow, index: `${scratch.folder}/index` };
    const git = new Git(host, { ...order, place });
    const changes = await findChanges(git, seen, scratch.folder);
    const tree = await git.text(['rev-parse', `${id}^{tree}`]);
    return changes.candidates.length === 0 && (await writeIndexTree(git, changes)) === tree;
  } finally {
    removeScratch(scratch.folder);
  }
}
