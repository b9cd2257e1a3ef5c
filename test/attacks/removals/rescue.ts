/**
 * Nobody asks the remote; at the stop the agent lives; it has no room beside it; the signature and the form of what is
 * signed are not looked at (the program and init both look), and a stranger's words keep their force.
 */
import type { Manifest } from '../../../src/rescue/manifest.ts';

export async function assertThere(): Promise<void> {}

export async function endAgentProcesses(): Promise<void> {}

export const headroom = 0;

export function isSigned(): boolean {
  return true;
}

export function manifestOf(said: Partial<Manifest>): Manifest {
  return said as Manifest;
}

export function tellsRestored(): boolean {
  return true;
}

export function printable(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, ' | ');
}
