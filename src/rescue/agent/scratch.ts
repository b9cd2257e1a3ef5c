import { makeFolder, makeTemporaryFolder, removeTree, writeFile } from '../../host/agent-file-changes.ts';
import { readOpen } from '../../host/agent-file-facts.ts';
import { close, namesIn, openPlain, readSmall, statOf } from '../../host/agent-files.ts';
import { quotePath } from '../git.ts';
import { isId } from '../git-refs.ts';
import type { LeftOut } from '../protocol.ts';
import type { Look } from './look-at-repository.ts';
import { showObjects } from './objects-view.ts';
import { roomiest, rooms } from './rooms.ts';

/** Files keep their octets: no line ending is changed, no keyword expanded, nothing encoded anew. */
const raw = '* -text -filter -ident -working-tree-encoding\n';

const prefix = '.cloister-rescue-';
/** Milliseconds after which nobody works in one any more. */
const longest = 20 * 60_000;

/** Removes what programs that were killed have left, on a volume perhaps. */
export function removeLeftovers(now: number): void {
  for (const room of rooms) {
    for (const name of namesIn(room).filter((one) => one.startsWith(prefix))) {
      const age = now - (statOf(`${room}/${name}`)?.mtimeMs ?? now);
      if (age > longest) removeScratch(`${room}/${name}`);
    }
  }
}

/** A git directory of our own. */
export interface Scratch {
  readonly folder: string;
  /** The working tree that git sees: of the agent's it has what says which files to leave alone, and nothing else. */
  readonly shadow: string;
  /** What was not shown to git. */
  readonly odd: readonly LeftOut[];
}

/**
 * Makes a git directory of our own beside that of the agent, whose objects it sees. Nothing else of the agent's is in
 * it but what says which files to leave alone and where a shallow history ends.
 * @param look.commonDir null: no object of the agent's is believed.
 * @param look.isOurs nobody but us has been in that git directory yet: what comes into it later is seen as well.
 * @param look.inside a folder to make it in, with which it is removed; default the roomiest place.
 */
export function makeScratch(look: {
  readonly gitDir: string;
  readonly commonDir: string | null;
  readonly sha256: boolean;
  readonly isOurs?: boolean;
  readonly inside?: string;
}): Scratch {
  const folder = makeTemporaryFolder(`${look.inside ?? roomiest(rooms)}/${prefix}`);
  try {
    return { folder, shadow: `${folder}/tree`, odd: fill(folder, look) };
  } catch (error) {
    removeScratch(folder);
    throw error;
  }
}

function fill(
  folder: string,
  { gitDir, commonDir, sha256, isOurs = false }: Parameters<typeof makeScratch>[0],
): LeftOut[] {
  for (const name of ['objects/info', 'objects/pack', 'refs', 'info', 'tree'])
    makeFolder(`${folder}/${name}`);
  const write = (name: string, text: string | Buffer) => writeFile(`${folder}/${name}`, text);
  write('HEAD', 'ref: refs/heads/none\n');
  write(
    'config',
    sha256 ? '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n' : '',
  );
  write('info/attributes', raw);
  write('info/exclude', readSmall(`${commonDir ?? gitDir}/info/exclude`) ?? '');
  if (commonDir === null) return [];
  const objects = `${commonDir}/objects`;
  const { stores, odd } = isOurs ? { stores: [objects], odd: [] } : showObjects(objects, `${folder}/seen`);
  write('objects/info/alternates', stores.map((store) => `${quotePath(store)}\n`).join(''));
  const shallow = readSmall(`${commonDir}/shallow`)?.toString('latin1') ?? '';
  const ends = shallow.split('\n').filter((line) => isId(line));
  if (ends.length > 0) write('shallow', ends.map((id) => `${id}\n`).join(''));
  return odd;
}

const mostIndex = 500_000_000;

/**
 * Copies the agent's index, with the file that a split one shares.
 * @returns where it is, and when it was written, in nanoseconds; null where there is none and need be none.
 */
export function copyIndex(
  look: Pick<Look, 'gitDir' | 'commit'>,
  scratch: string,
): { index: string; time: bigint | null } {
  const index = `${scratch}/index`;
  if (statOf(`${look.gitDir}/index`) === null) {
    if (look.commit !== null) throw new Error('there is no index');
    return { index, time: null };
  }
  for (const name of namesIn(look.gitDir).filter((one) => /^sharedindex\.[0-9a-f]+$/.test(one)))
    copyPlain(`${look.gitDir}/${name}`, `${scratch}/${name}`);
  return { index, time: copyPlain(`${look.gitDir}/index`, index) };
}

/** @returns when it was changed last, in nanoseconds. */
function copyPlain(from: string, to: string): bigint {
  const open = openPlain(from);
  if (open === null || open.size > mostIndex) throw new Error('the index is no plain file that can be read');
  try {
    const { octets, changed } = readOpen(open.descriptor);
    writeFile(to, octets);
    return changed;
  } finally {
    close(open.descriptor);
  }
}

/** Somebody may still write into it; then it is left to a later rescue. */
export function removeScratch(folder: string): void {
  try {
    removeTree(folder);
  } catch {
    // What was saved is saved.
  }
}
