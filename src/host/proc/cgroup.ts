import type { Files } from '../host.ts';

type Reading = Pick<Files, 'readIfAny'>;

const root = '/sys/fs/cgroup';
/** Where the two versions tell the same: see cgroups(7). */
const places = {
  memoryLimit: [`${root}/memory.max`, `${root}/memory/memory.limit_in_bytes`],
  memoryUse: [`${root}/memory.current`, `${root}/memory/memory.usage_in_bytes`],
  tasks: [`${root}/pids.max`, `${root}/pids/pids.max`],
  tasksNow: [`${root}/pids.current`, `${root}/pids/pids.current`],
} as const;
/** Bytes beyond which a limit is none: the first version has no word for that but its largest number. */
const endless = 2 ** 50;

/** @returns bytes the container may use, or null where its control group sets no limit. */
export function memoryLimitOf(files: Reading): number | null {
  return numberIn(files, places.memoryLimit);
}

/** @returns bytes the container uses, files that the kernel keeps for later among them; null where nothing tells. */
export function memoryUseOf(files: Reading): number | null {
  return numberIn(files, places.memoryUse);
}

/** @returns bytes of files nobody has used lately: the kernel drops them as soon as a program needs the room. */
export function idleMemoryOf(files: Reading): number {
  const unified = files.readIfAny(`${root}/memory.stat`);
  const text = unified ?? files.readIfAny(`${root}/memory/memory.stat`) ?? '';
  // The first version counts a group's children only in its totals.
  const line = unified === null ? /^total_inactive_file ([0-9]+)$/m : /^inactive_file ([0-9]+)$/m;
  return Number(line.exec(text)?.[1] ?? 0);
}

/** @returns how many processes and threads the container may have, or null where there is no limit. */
export function taskLimitOf(files: Reading): number | null {
  return numberIn(files, places.tasks);
}

/** @returns how many processes and threads the container has, or null where nothing tells. */
export function tasksOf(files: Reading): number | null {
  return numberIn(files, places.tasksNow);
}

function numberIn(files: Reading, paths: readonly string[]): number | null {
  for (const path of paths) {
    const text = files.readIfAny(path)?.trim() ?? '';
    if (/^[0-9]+$/.test(text) && Number(text) < endless) return Number(text);
  }
  return null;
}
