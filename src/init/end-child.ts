import type { Child, Host } from '../host/host.ts';

/** How a child is asked to end: politely, for so long, and no longer once somebody hurries. */
export interface EndOptions {
  /** Milliseconds. */
  readonly grace: number;
  readonly hurried?: Promise<unknown>;
  /** Default SIGTERM. */
  readonly signal?: NodeJS.Signals;
}

/** Ends a child with its process group. Resolves when it is gone. */
export async function endChild(
  host: Host,
  child: Child,
  { grace, hurried, signal }: EndOptions,
): Promise<void> {
  child.signal(signal ?? 'SIGTERM');
  const late = Promise.race([host.sleep(grace), ...(hurried === undefined ? [] : [hurried])]);
  if (await Promise.race([child.exited.then(() => true), late.then(() => false)])) return;
  child.signal('SIGKILL');
  await child.exited;
}
