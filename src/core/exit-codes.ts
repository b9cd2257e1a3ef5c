/** Every exit code the box gives of its own. An agent's code and 128+n for signals pass through unchanged. */
export const ExitCode = {
  ok: 0,
  /** A boot step or the self-test failed. */
  failed: 70,
  /** The platform or a capability is missing; the message names the flag to add. */
  platform: 77,
  /** A setting is wrong; the message names every faulty one. */
  settings: 78,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** @returns 128+n, the code a shell reports for a process ended by signal number n. */
export function exitCodeOfSignal(signal: number): number {
  return 128 + signal;
}
