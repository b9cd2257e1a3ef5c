import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/**
 * Looks without a word after which what still holds a dead child's output is not waited for, and milliseconds between
 * two. Looks are counted and not time: between two of them there was a turn to read, however long the one before took.
 */
const silence = 10;
/** Looks after which it is not waited for either, whatever it says: what the child itself wrote was read long before. */
const patience = 100;
const look = 100;

/** Copies a child's output to ours. No transform stream between the two: what it still held would be lost at our end. */
export function copy(
  from: Readable | null,
  to: NodeJS.WriteStream,
  filter = (octets: Buffer) => octets,
): void {
  from?.on('data', (octets: Buffer) => {
    if (to.write(filter(octets))) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
}

/**
 * Resolves when all that an ended child wrote has been read. A program it left behind may hold its output for ever:
 * that one is waited for only while it has something to say, and not for long.
 */
export function drained(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  let silent = 0;
  let looks = 0;
  for (const stream of streams) {
    stream.on('data', () => {
      silent = 0;
    });
  }
  return new Promise((resolve) => {
    child.once('close', resolve);
    child.once('exit', () => {
      const timer = setInterval(() => {
        // Who waits for our own reader is not at its end.
        if (streams.some((stream) => stream.isPaused())) return;
        silent += 1;
        looks += 1;
        if (silent < silence && looks < patience) return;
        clearInterval(timer);
        resolve();
      }, look);
    });
  });
}
