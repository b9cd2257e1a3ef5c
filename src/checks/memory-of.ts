import type { Files } from '../host/host.ts';
import { idleMemoryOf, memoryLimitOf, memoryUseOf } from '../host/proc/cgroup.ts';

/** Bytes the container may use and can't do without, by its control group; null where that says nothing. */
export function memoryOf(files: Pick<Files, 'readIfAny'>): { limit: number | null; used: number | null } {
  const used = memoryUseOf(files);
  return {
    limit: memoryLimitOf(files),
    used: used === null ? null : Math.max(used - idleMemoryOf(files), 0),
  };
}
