import { Paths } from '../../core/paths.ts';
import type { Files } from '../../host/host.ts';
import { type Mount, mountAt } from '../../host/proc/mountinfo.ts';
import type { BoxState } from '../../state/box-state.ts';

export interface Disk {
  readonly writable: boolean;
  /** Share of its bytes or its inodes in use, of 1. */
  readonly used: number;
}

/** Looks at every mount the agent's work is kept on, a volume at `/data` among them. */
export function disksOf(
  files: Pick<Files, 'space' | 'facts'>,
  mounts: readonly Mount[],
  state: Pick<BoxState, 'agent' | 'workspace' | 'borrowed'>,
): Record<string, Disk> {
  const data = state.workspace === Paths.workspace ? null : Paths.data;
  const always = [data ?? Paths.workspace, Paths.tmp, Paths.home];
  const volumes = [Paths.repository, Paths.claude].filter((path) => mountAt(mounts, path) !== null);
  return Object.fromEntries(
    [...always, ...volumes].map((path) => [path, diskAt(files, { path, mounts, ...state })]),
  );
}

function diskAt(
  files: Pick<Files, 'space' | 'facts'>,
  {
    path,
    mounts,
    agent,
    borrowed,
  }: { path: string; mounts: readonly Mount[] } & Pick<BoxState, 'agent' | 'borrowed'>,
): Disk {
  // A file system that met a fault turns read-only beneath a mount that is not.
  const mounted = mountAt(mounts, path)?.options.includes('ro') === false;
  const facts = files.facts(path);
  const mayWrite =
    path === Paths.tmp ||
    borrowed.includes(path) ||
    (facts !== null && facts.uid === agent.uid && (facts.mode & 0o200) !== 0);
  const { size, used, inodes, inodesUsed } = files.space(path);
  const share = Math.max(size === 0 ? 0 : used / size, inodes === 0 ? 0 : inodesUsed / inodes);
  return { writable: mounted && mayWrite, used: share };
}
