import type { Files } from '../host/host.ts';

/**
 * Bytes the container may use and uses, by its control group; null where that says nothing. What the kernel keeps of
 * files nobody has used lately is not counted: it goes as soon as a program needs the room.
 */
export function memoryOf(files: Pick<Files, 'readIfAny'>): { limit: number | null; used: number | null } {
  const used = numberIn(files, [
    '/sys/fs/cgroup/memory.current',
    '/sys/fs/cgroup/memory/memory.usage_in_bytes',
  ]);
  return {
    limit: numberIn(files, ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']),
    used: used === null ? null : Math.max(used - idleOf(files), 0),
  };
}

function numberIn(files: Pick<Files, 'readIfAny'>, paths: readonly string[]): number | null {
  for (const path of paths) {
    const number = Number(files.readIfAny(path)?.trim() ?? Number.NaN);
    if (Number.isSafeInteger(number) && number < 2 ** 50) return number;
  }
  return null;
}

/** Bytes of cached files that are to go first: control groups of both versions, the first with its children's. */
function idleOf(files: Pick<Files, 'readIfAny'>): number {
  const stat = files.readIfAny('/sys/fs/cgroup/memory.stat');
  const text = stat ?? files.readIfAny('/sys/fs/cgroup/memory/memory.stat') ?? '';
  return Number(
    /^(?:total_)?inactive_file ([0-9]+)$/m.exec(stat === null ? onlyTotals(text) : text)?.[1] ?? 0,
  );
}

function onlyTotals(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.startsWith('total_'))
    .join('\n');
}
