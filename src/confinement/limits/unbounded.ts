import { Paths } from '../../core/paths.ts';
import { type Mount, mountAt } from '../../host/proc/mountinfo.ts';

/** The names that prlimit(1) has for the lines of /proc/PID/limits. */
const resourceNames: Readonly<Record<string, string>> = {
  'Max core file size': 'core',
  'Max locked memory': 'memlock',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max realtime priority': 'rtprio',
  'Max pending signals': 'sigpending',
  'Max processes': 'nproc',
  'Max open files': 'nofile',
};

/** @param text /proc/self/limits.  @returns hard and soft limits by prlimit(1)'s names, `Infinity` for none. */
export function parseLimits(text: string): {
  hard: Record<string, number>;
  soft: Record<string, number>;
} {
  const hard: Record<string, number> = {};
  const soft: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^(Max .+?) {2,}(\S+) +(\S+)/.exec(line);
    const name = resourceNames[match?.[1] ?? ''];
    if (name === undefined) continue;
    soft[name] = limitOf(match?.[2]);
    hard[name] = limitOf(match?.[3]);
  }
  return { hard, soft };
}

function limitOf(text: string | undefined): number {
  const number = Number(text);
  return Number.isNaN(number) ? Number.POSITIVE_INFINITY : number;
}

/** What of the kernel's memory a process can leave behind, with the settings that bound it. */
export const kernelBounds: Readonly<Record<string, { readonly value: string; readonly most: number }>> = {
  'kernel.shm_rmid_forced': { value: '1', most: 1 },
  'kernel.shmall': { value: '16384', most: 65_536 },
  'kernel.msgmni': { value: '64', most: 1024 },
  'kernel.sem': { value: '250 8000 32 128', most: 64_000 },
};

/** @returns the names of the settings that bound nothing. `kernel.sem` is judged by its count of all semaphores. */
export function unboundOf(read: (name: string) => string | null): string[] {
  return Object.entries(kernelBounds)
    .filter(([name, { most }]) => {
      const fields = read(name)?.trim().split(/\s+/).map(Number) ?? [0];
      if (name === 'kernel.shm_rmid_forced') return fields[0] !== 1;
      return (fields[name === 'kernel.sem' ? 1 : 0] ?? 0) > most;
    })
    .map(([name]) => name);
}

/** Places in memory that the agent can fill, which need a bound of inodes or of their own. */
const bounded = [Paths.workspace, Paths.tmp, Paths.home, Paths.session, Paths.scratch, '/dev/shm'];

/** @returns the places whose empty files are not bounded; a volume's are the operator's to bound. */
export function boundlessOf(mounts: readonly Mount[]): string[] {
  return bounded.filter((point) => {
    const mount = mountAt(mounts, point);
    if (mount === null) return point === Paths.session || point === Paths.scratch;
    return mount.type === 'tmpfs' && !mount.options.some((option) => option.startsWith('nr_inodes='));
  });
}
