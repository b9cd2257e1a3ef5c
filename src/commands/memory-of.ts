import type { Files } from '../host/host.ts';

/** Bytes the container may use and uses, by its control group; null where that says nothing. */
export function memoryOf(files: Pick<Files, 'readIfAny'>): { limit: number | null; used: number | null } {
  return {
    limit: numberIn(files, ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']),
    used: numberIn(files, ['/sys/fs/cgroup/memory.current', '/sys/fs/cgroup/memory/memory.usage_in_bytes']),
  };
}

function numberIn(files: Pick<Files, 'readIfAny'>, paths: readonly string[]): number | null {
  for (const path of paths) {
    const number = Number(files.readIfAny(path)?.trim() ?? Number.NaN);
    if (Number.isSafeInteger(number) && number < 2 ** 50) return number;
  }
  return null;
}
