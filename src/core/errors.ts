import { ExitCode } from './exit-codes.ts';

/** A fault that ends the boot: what failed, what would mend it, and the exit code that says which kind it is. */
export class BootError extends Error {
  readonly code: ExitCode;
  /** One sentence an operator can act on; empty when there is nothing to do but read the cause. */
  readonly remedy: string;

  constructor(fault: { message: string; remedy?: string; code?: ExitCode; cause?: unknown }) {
    super(fault.message, fault.cause === undefined ? undefined : { cause: fault.cause });
    this.name = 'BootError';
    this.code = fault.code ?? ExitCode.failed;
    this.remedy = fault.remedy ?? '';
  }
}

/** @returns the messages of an error and its causes, outermost first, joined by `: ` without repeats. */
export function chainOf(error: unknown): string {
  const parts: string[] = [];
  for (
    let at: unknown = error;
    at !== undefined && at !== null;
    at = at instanceof Error ? at.cause : undefined
  ) {
    const text = at instanceof Error ? at.message : String(at);
    if (text !== '' && !parts.includes(text)) parts.push(text);
  }
  return parts.join(': ');
}
