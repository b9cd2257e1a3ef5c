import { readdirSync, readFileSync } from 'node:fs';
import { endGroup, ownChildren } from './children.ts';

/** How often orphans that came to us meanwhile are looked for: somebody may start processes faster than they end. */
const rounds = 100;

/**
 * Kills what this program has started, with its process groups. As PID 1 that is all there is to do, for the kernel
 * ends the rest with us; elsewhere orphans come to us, so all that came of it can be found and ends too.
 */
export function endDescendants(): void {
  for (const pid of ownChildren()) endGroup(pid);
  if (process.pid === 1) return;
  const ended = new Set<number>();
  for (let round = 0; round < rounds; round++) {
    const left = children().filter((pid) => !ended.has(pid));
    if (left.length === 0) return;
    for (const pid of left) end(pid, ended);
  }
}

/** @returns the children of every thread of ours, zombies included. */
function children(): number[] {
  try {
    return readdirSync('/proc/self/task').flatMap((thread) =>
      readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function end(pid: number, ended: Set<number>): void {
  ended.add(pid);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in this very moment.
  }
}
