import type { BoxState } from '../../core/state.ts';
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
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status ?? '')?.[1] ?? '';
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

/**
 * @returns whether the init that wrote this state still lives. Another user's process may be hidden from the agent: what
 * can't be seen of PID 1 is believed.
 */
export function isAlive(
  files: Pick<Files, 'readIfAny'>,
  state: Pick<BoxState, 'pid' | 'startTicks'>,
): boolean {
  const ticks = readStartTicks(files, state.pid);
  return ticks === null ? state.pid === 1 : ticks === state.startTicks;
}
