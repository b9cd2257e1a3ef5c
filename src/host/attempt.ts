import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { type SyscallName, syscallNumber } from '../core/syscalls.ts';

/**
 * Makes a system call.
 * @returns the name of its error, `none` where it succeeded, null where this machine has no such call.
 */
export type AttemptCall = (call: SyscallName, args: readonly number[]) => string | null;

/** Loads the addon of the image, see native/attempt.c. Throws where it is missing. */
export function loadAttempt(): AttemptCall {
  const addon = createRequire(import.meta.url)('./attempt.node') as {
    attempt(number: number, ...args: readonly number[]): number;
  };
  const names = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));
  return (call, args) => {
    const number = syscallNumber(process.arch === 'arm64' ? 'arm64' : 'x64', call);
    if (number === null) return null;
    const error = addon.attempt(number, ...args);
    return error === 0 ? 'none' : (names.get(error) ?? `errno ${error}`);
  };
}
