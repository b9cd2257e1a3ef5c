import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

export interface Memory {
  readonly name: string;
  /** Kilobytes, all three. */
  readonly private: number;
  readonly pss: number;
  readonly rss: number;
}

interface Process {
  readonly pid: number;
  readonly name: string;
}

/**
 * Finds init and the Node processes below it, as the host sees them.
 * @returns them, and how many other processes run the very same program file and so share its pages.
 */
export function ownProcesses(init: number): { own: Process[]; sharing: number } {
  const program = programOf(init);
  if (program === null) throw new Error('the memory of the box is shown to root on its machine alone');
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const same = pids.filter((pid) => programOf(pid) === program);
  const mine = same.filter((pid) => pid === init || parentOf(pid) === init);
  const own = mine.map((pid) => ({ pid, name: pid === init ? 'init' : commandOf(pid) }));
  return { own, sharing: same.length - mine.length };
}

/**
 * Reads smaps_rollup of each. Private is what a process has written and nobody else maps: what the kernel has to keep. Pages
 * of a program's own file it drops as it likes; Pss counts them all the same.
 */
export function readMemory(processes: readonly Process[]): Memory[] {
  return processes.map(({ pid, name }) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const field = (key: string) =>
      Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN);
    return {
      name,
      private: field('Private_Dirty'),
      pss: field('Pss'),
      rss: field('Rss'),
    };
  });
}

/** Overlays give one file other device numbers in each container: path, inode and size tell it well enough. */
function programOf(pid: number): string | null {
  try {
    const { ino, size } = statSync(`/proc/${pid}/exe`);
    return `${readlinkSync(`/proc/${pid}/exe`)} ${ino} ${size}`;
  } catch {
    return null;
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

/** @returns the command of ours that a Node process runs: `egress`. */
function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean).at(-1) ?? `${pid}`;
}
