import { Paths } from '../core/paths.ts';
import type { Files } from '../host/host.ts';
import { type Mount, mountAt, readMounts } from '../host/proc/mountinfo.ts';

/** Something of the operator's that outlives the container, mounted where the agent keeps its work. */
export interface Volume {
  readonly point: string;
  readonly uid: number;
  readonly gid: number;
  /** Holds nothing of anybody's. */
  readonly empty: boolean;
}

/** Where volumes are recognised; the first that names a group decides it. `/data` is one for all. */
const points = [Paths.workspace, Paths.repository, Paths.home, Paths.claude, Paths.data];
/** Lives no longer than the container. */
const inMemory = ['tmpfs', 'ramfs'];

/** Looks at the volumes: at the mounts' roots alone, for below them the paths are the agent's. */
export function readVolumes(files: Pick<Files, 'read' | 'facts' | 'list'>): Volume[] {
  const mounts = readMounts(files);
  return points.flatMap((point) => {
    const facts = files.facts(point);
    if (!isVolume(mountAt(mounts, point), point) || facts?.kind !== 'folder') return [];
    return [{ point, uid: facts.uid, gid: facts.gid, empty: isEmpty(files, point, mounts) }];
  });
}

/** A data set that is only to be read may be mounted at `/data`: it is no place to keep work. */
function isVolume(mount: Mount | null, point: string): boolean {
  if (mount === null || inMemory.includes(mount.type)) return false;
  return point !== Paths.data || !mount.own.includes('ro');
}

/** @returns whether the folder at `point` holds nothing but what a file system or the engine's own mounts need. */
export function isEmpty(files: Pick<Files, 'list'>, point: string, mounts: readonly Mount[]): boolean {
  const leadsToMount = (name: string) =>
    mounts.some((mount) => `${mount.point}/`.startsWith(`${point}/${name}/`));
  // One more than what may be there: last night's agent may have left millions of names.
  return files.list(point, mounts.length + 2).every((name) => name === 'lost+found' || leadsToMount(name));
}
