import {
  copyFile,
  makeFolder,
  makeTemporaryFolder,
  namesIn,
  removeTree,
  writeFile,
} from '../../host/agent-file-changes.ts';
import { readSmall, roomiest, statOf } from '../../host/agent-files.ts';
import { quotePath } from '../git.ts';

/** Files keep their octets: no line ending is changed, no keyword expanded, nothing encoded anew. */
const raw = '* -text -filter -ident -working-tree-encoding\n';

const rooms = ['/tmp', '/home/claude', '/workspace'];
const prefix = '.cloister-rescue-';
/** Milliseconds after which nobody works in one any more. */
const longest = 20 * 60_000;

/** Removes what programs that were killed have left, on a volume perhaps. */
export function removeLeftovers(now: number): void {
  for (const room of rooms) {
    for (const name of namesInIfAny(room).filter((one) => one.startsWith(prefix))) {
      const age = now - (statOf(`${room}/${name}`)?.mtimeMs ?? now);
      if (age > longest) removeScratch(`${room}/${name}`);
    }
  }
}

function namesInIfAny(folder: string): string[] {
  try {
    return namesIn(folder);
  } catch {
    return [];
  }
}

/**
 * Makes a git directory of our own beside that of the agent, whose objects it sees. Nothing else of the agent's is in
 * it but what says which files to leave alone and where a shallow history ends.
 */
export function makeScratch(look: {
  readonly gitDir: string;
  readonly commonDir: string;
  readonly sha256: boolean;
}): string {
  const folder = makeTemporaryFolder(`${roomiest(rooms)}/${prefix}`);
  for (const name of ['objects/info', 'objects/pack', 'refs', 'info']) makeFolder(`${folder}/${name}`);
  const write = (name: string, text: string | Buffer) => writeFile(`${folder}/${name}`, text);
  write('HEAD', 'ref: refs/heads/none\n');
  write(
    'config',
    look.sha256 ? '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n' : '',
  );
  write('objects/info/alternates', `${quotePath(`${look.commonDir}/objects`)}\n`);
  write('info/attributes', raw);
  write('info/exclude', readSmall(`${look.commonDir}/info/exclude`) ?? '');
  const shallow = readSmall(`${look.commonDir}/shallow`);
  if (shallow !== null) write('shallow', shallow);
  return folder;
}

/** Copies the agent's index, with the file that a split one shares.  @returns where it is. */
export function copyIndex(gitDir: string, scratch: string): string {
  const names = namesIn(gitDir).filter((name) => /^(index|sharedindex\.[0-9a-f]+)$/.test(name));
  for (const name of names) {
    if (statOf(`${gitDir}/${name}`)?.isFile() === true) {
      copyFile(`${gitDir}/${name}`, `${scratch}/${name}`);
    }
  }
  return `${scratch}/index`;
}

/** Somebody may still write into it; then it is left to a later rescue. */
export function removeScratch(folder: string): void {
  try {
    removeTree(folder);
  } catch {
    // What was saved is saved.
  }
}
