import { roomIn } from '../../host/agent-file-facts.ts';
import { readText } from '../../host/agent-files.ts';
import type { Host } from '../../host/host.ts';

/** Where a rescue may work; the roomiest is taken. The last is small, and what the agent fills first is not there. */
export const rooms = ['/tmp', '/home/claude', '/workspace', '/dev/shm'];

/** Files of our own that a rescue makes: links to objects, rules, packs. */
const fewestFiles = 2000;

/** @returns that of the folders whose file system has most room. */
export function roomiest(folders: readonly string[]): string {
  return folders.toSorted((one, other) => roomOf(other) - roomOf(one))[0] ?? '/tmp';
}

/** @returns bytes; of a file system that takes no more files none, of one that can't be written less. */
function roomOf(folder: string): number {
  // Where the work is on another volume, this one may be a folder of the read-only root.
  const room = roomIn(folder);
  if (room === null) return -1;
  return room.files !== null && room.files < fewestFiles ? 0 : room.bytes;
}

/** Milliseconds. */
const longest = 8000;

/**
 * Makes room at the stop, when whoever filled the box is dead: what is on a file system in memory that dies with the
 * box is removed, where no room has as much as the rescue may need.
 * @param facts.dying folders that nobody needs any more. @param facts.most bytes that may be pushed.
 */
export async function makeRoom(
  host: Pick<Host, 'run'>,
  facts: { readonly dying: readonly string[]; readonly most: number },
): Promise<void> {
  const need = 1.5 * facts.most;
  const isShort = () => roomOf(roomiest(rooms)) < need;
  for (const folder of facts.dying.filter(isInMemory)) {
    if (isShort()) await empty(host, folder);
    // Nothing is removed from a folder that its owner has closed to himself.
    if (isShort()) {
      await find(host, folder, [
        '-type',
        'd',
        '!',
        '-perm',
        '-700',
        '-exec',
        '/usr/bin/chmod',
        'u+rwx',
        '{}',
        '+',
      ]);
      await empty(host, folder);
    }
  }
}

function empty(host: Pick<Host, 'run'>, folder: string): Promise<void> {
  return find(host, folder, ['-delete']);
}

/** What could not be removed stays; what was, has made room. */
async function find(host: Pick<Host, 'run'>, folder: string, action: readonly string[]): Promise<void> {
  const argv = ['/usr/bin/find', folder, '-xdev', '-mindepth', '1', ...action];
  await host.run({ argv, cwd: '/', timeout: longest }).catch(() => {});
}

function isInMemory(folder: string): boolean {
  const lines = readText('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' '));
  const mount = lines.findLast((words) => words[4] === folder);
  return mount !== undefined && mount[mount.indexOf('-') + 1] === 'tmpfs';
}
