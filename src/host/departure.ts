import { fstatSync } from 'node:fs';
import { uptime } from './uptime.ts';

/** Milliseconds in which a stdin that ends tells nothing: whoever has nothing to say has ended it beforehand. */
const settling = 1000;

/**
 * Calls back once nobody reads on: stdout is broken, or stdin, a pipe of the caller's, has ended. An engine's client
 * that goes leaves stdout open, which the engine goes on reading, and closes stdin, where it has held it.
 */
export function onDeparture(listener: () => void): void {
  process.stdout.on('error', listener);
  const stdin = fstatSync(0);
  if (!stdin.isFIFO() && !stdin.isSocket()) return;
  const start = uptime();
  process.stdin.on('error', listener);
  process.stdin.on('end', () => uptime() - start > settling && listener());
  process.stdin.resume();
}
