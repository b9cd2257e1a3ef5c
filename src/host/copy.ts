import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Milliseconds without a word after which what still holds a dead child's output is not waited for. */
const silence = 1000;
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
 * that one is waited for only while it has something to say.
 */
export function drained(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  let heard = performance.now();
  for (const stream of streams) stream.on('data', () => void (heard = performance.now()));
  return new Promise((resolve) => {
    child.once('close', resolve);
    child.once('exit', () => {
      const timer = setInterval(() => {
        if (streams.some((stream) => stream.isPaused())) heard = performance.now();
        if (performance.now() - heard < silence) return;
        clearInterval(timer);
        resolve();
      }, look);
    });
  });
}
