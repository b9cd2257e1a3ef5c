import { constants } from 'node:os';
import { maskOf } from './proc/pid.ts';

/**
 * Node sets a handler of its own for these when it starts, which takes itself away when it is called and leaves the
 * rest to the kernel; and the kernel ends no PID 1. So a handler that is gone tells of a signal that was lost.
 * @param status the text of /proc/self/status, before anybody set another handler.
 */
export function missedSignals(status: string | null): NodeJS.Signals[] {
  const caught = maskOf(status, 'SigCgt') ?? 0xffffffffn;
  return (['SIGTERM', 'SIGINT'] as const).filter(
    (name) => (caught & (1n << BigInt(constants.signals[name] - 1))) === 0n,
  );
}
