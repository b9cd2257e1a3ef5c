import { Paths } from '../core/paths.ts';
import { assertAnswered } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import { type Mount, mountAt, readMounts } from '../host/proc/mountinfo.ts';
import { type Landlock, landlockOptions } from './landlock.ts';

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx'].map((name) => `/dev/${name}`);
/** Pseudo terminals and shared memory. */
const deviceFolders = ['/dev/pts', '/dev/shm'];
const rooms = [Paths.workspace, Paths.tmp, Paths.home, Paths.session];
/** Mounts below these are the platform's, not the operator's. */
const ofThePlatform = ['/proc', '/sys', '/dev', '/etc', '/run', '/var/run', '/.fly'];

/** @returns what the agent may write, or null where this kernel has no Landlock that can tell it. */
export async function probeLandlock(host: Host): Promise<Landlock | null> {
  const { files } = host;
  const mounts = readMounts(files);
  const given = givenPlaces(mounts);
  const scratch = mountAt(mounts, Paths.scratch) === null ? [] : [Paths.scratch];
  const places = {
    files: [
      ...devices.filter((path) => files.facts(path) !== null),
      ...given.filter((path) => files.facts(path)?.kind === 'file'),
    ],
    folders: [
      ...rooms,
      ...scratch,
      ...[...deviceFolders, ...given].filter((path) => files.facts(path)?.kind === 'folder'),
    ],
  };
  for (const truncate of [true, false]) {
    const landlock = { truncate, ...places };
    if (await holds(host, landlock)) return landlock;
  }
  return null;
}

/** @returns the places an operator gave besides the rooms: what may be written there, its owner and mode decide. */
export function givenPlaces(mounts: readonly Mount[]): string[] {
  const points = mounts
    .filter(({ point, own }) => point !== '/' && !own.includes('ro'))
    .map(({ point }) => point)
    .filter((point) => ![...ofThePlatform, ...rooms].some((top) => `${point}/`.startsWith(`${top}/`)));
  return [...new Set(points)];
}

/** A kernel too old for a right refuses the whole. Nobody may talk the box out of Landlock by killing who asks. */
async function holds(host: Host, landlock: Landlock): Promise<boolean> {
  const options = landlockOptions(landlock);
  return host.run({ argv: ['/usr/bin/setpriv', '--no-new-privs', ...options, '--', '/usr/bin/true'] }).then(
    () => true,
    (error) => {
      assertAnswered(error);
      return false;
    },
  );
}
