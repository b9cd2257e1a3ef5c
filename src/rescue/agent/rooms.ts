import { roomIn } from '../../host/agent-file-facts.ts';
import { readText } from '../../host/agent-files.ts';
import type { Host } from '../../host/host.ts';

const dying = '/tmp';
/** Where a rescue may work; the roomiest is taken. The last is small, and not what the agent fills first. */
export const rooms = [dying, '/home/claude', '/workspace', '/dev/shm'];

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

const open = ['-type', 'd', '!', '-perm', '-700', '-exec', '/usr/bin/chmod', 'u+rwx', '{}', '+'];

/**
 * Makes room at the stop, when whoever filled the box is dead: what the agent has put in /tmp is removed, where that is
 * in memory and dies with the box, and no room has as much as the rescue may need. What was there before the box, or is
 * another user's, is not: an operator may have shared a folder.
 * @param facts.ending milliseconds since the epoch at which the box began; null: nothing is removed.
 * @param facts.most bytes that may be pushed.
 */
export async function makeRoom(
  host: Pick<Host, 'run' | 'uid'>,
  { ending, most }: { readonly ending: number | null; readonly most: number },
): Promise<void> {
  const isShort = () => roomOf(roomiest(rooms)) < 1.5 * most;
  if (ending === null || !isInMemory(dying) || !isShort()) return;
  const own = ['-user', String(host.uid), '-newerct', `@${Math.floor(ending / 1000)}`];
  await find(host, [...own, '-delete']);
  if (!isShort()) return;
  // Nothing is removed from a folder that its owner has closed to himself.
  await find(host, [...own, ...open]);
  await find(host, [...own, '-delete']);
}

/** What could not be removed stays; what was, has made room. */
async function find(host: Pick<Host, 'run'>, action: readonly string[]): Promise<void> {
  const argv = ['/usr/bin/find', dying, '-xdev', '-mindepth', '1', ...action];
  await host.run({ argv, cwd: '/', timeout: longest }).catch(() => {});
}

function isInMemory(folder: string): boolean {
  const lines = readText('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' '));
  const mount = lines.findLast((words) => words[4] === folder);
  return mount !== undefined && mount[mount.indexOf('-') + 1] === 'tmpfs';
}
