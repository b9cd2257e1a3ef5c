/** One process, as far as it matters whether it runs: see proc_pid_stat(5). */
export interface Process {
  readonly state: string;
  readonly parent: number;
}

/** @param stat the text of /proc/PID/stat.  @returns null where there is none. */
export function parseProcess(stat: string | null): Process | null {
  // A name may hold anything, a parenthesis too.
  const [state = '', parent = ''] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return /^[A-Za-z]$/.test(state) && /^[0-9]+$/.test(parent) ? { state, parent: Number(parent) } : null;
}

/** @param status the text of /proc/PID/status.  @returns how often its first thread was given a processor. */
export function runsOf(status: string | null): number {
  const counts = [...(status ?? '').matchAll(/^(?:non)?voluntary_ctxt_switches:\s+([0-9]+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
