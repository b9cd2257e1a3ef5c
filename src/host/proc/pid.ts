import type { Files } from '../host.ts';

export function listPids(files: Pick<Files, 'list'>): number[] {
  return files
    .list('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

/** @returns the text of /proc/PID/status, or null where there is no such process or it is hidden. */
export function readStatus(files: Pick<Files, 'readIfAny'>, pid: number | 'self'): string | null {
  return files.readIfAny(`/proc/${pid}/status`);
}

/** @param status as `readStatus` gives it.  @returns what stands behind that name, or '' for none. */
export function fieldOf(status: string | null, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status ?? '')?.[1] ?? '';
}

/** @returns a field of 64 bits, such as a set of capabilities or of signals; null for none. */
export function maskOf(status: string | null, name: string): bigint | null {
  const field = fieldOf(status, name);
  return /^[0-9a-f]+$/.test(field) ? BigInt(`0x${field}`) : null;
}

/** @returns a process's start time in clock ticks; null where there is no such process or it is hidden. */
export function readStartTicks(files: Pick<Files, 'readIfAny'>, pid: number): string | null {
  const stat = files.readIfAny(`/proc/${pid}/stat`);
  return stat === null ? null : startTicksOf(stat);
}

/** @param stat the text of /proc/PID/stat.  @returns its start time in clock ticks; empty if there is none. */
export function startTicksOf(stat: string): string {
  // A name may hold anything, blanks and brackets too.
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return rest[19] ?? '';
}

/** @param status of any process.  @returns how many processors it may run on, as its programs count them; 1 at least. */
export function processorsOf(status: string | null): number {
  const count = fieldOf(status, 'Cpus_allowed_list')
    .split(',')
    .map((part) => part.split('-').map(Number))
    .reduce((sum, [first = Number.NaN, last = first]) => sum + (last - first + 1), 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 1;
}
