/** The system calls an init needs beside Node's own: see native/reap.c. */
export interface WaitCalls {
  /** @returns the pid of a child that has ended and still waits, or 0. */
  peek(): number;
  /** @returns whether that child was waiting and is now gone. */
  collect(pid: number): boolean;
  /** Has the kernel give this process the orphans among its descendants.  @returns whether it does. */
  adopt(): boolean;
  /** Ignores no signal above 31 any more: Node sees to those below.  @returns how many were ignored. */
  heed(): number;
}

export interface ReaperParts {
  readonly calls: Pick<WaitCalls, 'peek' | 'collect'>;
  /** Whether Node itself started this process and will collect it. */
  readonly isOurs: (pid: number) => boolean;
  /** Calls back soon, after Node had its turn to collect its own children. */
  readonly later: (callback: () => void) => void;
}

/**
 * Collects orphans: processes whose parent ended and that the kernel gave to us. A child of our own at the
 * head of the queue is left to Node; what stands behind it is seen again as soon as Node has taken it.
 * @returns the function to call whenever a child may have ended.
 */
export function makeReaper({ calls, isOurs, later }: ReaperParts): () => void {
  let waiting = false;
  const sweep = () => {
    for (let pid = calls.peek(); pid > 0; pid = calls.peek()) {
      if (isOurs(pid)) {
        again();
        return;
      }
      calls.collect(pid);
    }
  };
  const again = () => {
    if (waiting) return;
    waiting = true;
    later(() => {
      waiting = false;
      sweep();
    });
  };
  return sweep;
}
