import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

let collect: Collect | null = null;

/**
 * Gives the heap's free pages back to the system. A program that idles never collects by itself, and would keep for
 * days what its busiest second needed. Takes some 10 ms.
 */
export function compactMemory(): void {
  if (collect === null) {
    // Set now and not on the command line, where V8 flags would invalidate the compile cache.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Milliseconds between two looks, and the CPU time within one, in microseconds, that counts as work or as quiet. */
const look = 10_000;
const busy = 100_000;
/** Looks after which even what an idle program left is worth it: it does a little every few seconds, for days. */
const patience = 30;

/** From now on, gives memory back each time that work is over: a burst leaves nothing behind for days. */
export function compactWhenQuiet(): void {
  let last = spent();
  let worked = false;
  let looks = 0;
  setInterval(() => {
    const now = spent();
    looks += 1;
    if (now - last > busy) worked = true;
    else if (worked || looks >= patience) {
      compactMemory();
      worked = false;
      looks = 0;
    }
    last = spent();
  }, look).unref();
}

function spent(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
