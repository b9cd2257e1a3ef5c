import { Paths } from '../../core/paths.ts';
import type { Files } from '../../host/host.ts';
import type { BoxState } from '../../state/box-state.ts';

export interface Disk {
  readonly writable: boolean;
  /** Share of its bytes or its inodes in use, of 1. */
  readonly used: number;
}

/** One line of mountinfo, as far as it matters here: see proc_pid_mountinfo(5). */
interface Line {
  readonly point: string;
  readonly writable: boolean;
}

/** Looks at every mount the agent's work is kept on, a volume at `/data` among them. */
export function disksOf(
  files: Pick<Files, 'space' | 'facts'>,
  mountinfo: string,
  state: Pick<BoxState, 'agent' | 'workspace'>,
): Record<string, Disk> {
  const lines = parseLines(mountinfo);
  const data = state.workspace === Paths.workspace ? null : Paths.data;
  const always = [data ?? Paths.workspace, Paths.tmp, Paths.home];
  const volumes = [Paths.repository, Paths.claude].filter((path) =>
    lines.some(({ point }) => point === path),
  );
  return Object.fromEntries(
    [...always, ...volumes].map((path) => [path, diskAt(files, { path, lines, agent: state.agent })]),
  );
}

function diskAt(
  files: Pick<Files, 'space' | 'facts'>,
  { path, lines, agent }: { path: string; lines: readonly Line[]; agent: BoxState['agent'] },
): Disk {
  const mounted = lines.findLast(({ point }) => point === path)?.writable ?? false;
  const facts = files.facts(path);
  const mayWrite =
    path === Paths.tmp || (facts !== null && facts.uid === agent.uid && (facts.mode & 0o200) !== 0);
  const { size, used, inodes, inodesUsed } = files.space(path);
  const share = Math.max(size === 0 ? 0 : used / size, inodes === 0 ? 0 : inodesUsed / inodes);
  return { writable: mounted && mayWrite, used: share };
}

/** A file system that met a fault turns read-only beneath a mount that is not. */
function parseLines(mountinfo: string): Line[] {
  return mountinfo.split('\n').map((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const fields = left.split(' ');
    const isWritable = (options = '') => options.split(',').includes('rw');
    return { point: fields[4] ?? '', writable: isWritable(fields[5]) && isWritable(right.split(' ')[2]) };
  });
}
