import { BootError } from '../core/errors.ts';
import { attackedPromises } from './attacked-promises.ts';
import type { Finding } from './protocol.ts';

/** Runs `verify --inside` as the agent's user.  @returns what it printed. */
export type RunAttack = () => Promise<{ readonly stdout: string }>;

const again = 'Run it again; if it still happens, report it as SECURITY.md says.';
const outside =
  'Something outside ended it, a lack of memory perhaps, or it was too slow: start the box again, with more of either.';

/**
 * Has the box attacked, and believes only a whole list. The attack runs as the agent's user, who can stop, kill and
 * starve it: whatever comes of that is a fault in one sentence, and never a list that is shorter.
 */
export async function runAttack(run: RunAttack): Promise<Finding[]> {
  const { stdout } = await run().catch((cause) => {
    const { how = 'could not be run', answered = false } = cause as { how?: string; answered?: boolean };
    throw new BootError({
      message: `the attack from inside ${how}, so it proves nothing`,
      remedy: answered ? again : outside,
      cause,
    });
  });
  const findings = parseFindings(stdout);
  if (findings === null) {
    const what = stdout.trim() === '' ? 'printed nothing' : 'printed what is no whole list of findings';
    throw new BootError({ message: `the attack from inside ${what}, so it proves nothing`, remedy: again });
  }
  return withUntried(findings);
}

/** @returns the findings, or null where the text is anything but a list of them. */
export function parseFindings(text: string): Finding[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isFinding) ? value : null;
  } catch {
    return null;
  }
}

const verdicts: readonly unknown[] = [
  'holds',
  'broken',
  'unknown',
  'not tried',
] satisfies Finding['verdict'][];

function isFinding(value: unknown): value is Finding {
  const { promise, verdict, detail } = (value ?? {}) as Record<string, unknown>;
  return typeof promise === 'string' && typeof detail === 'string' && verdicts.includes(verdict);
}

/** @returns the findings, and one that says so for each promise that nobody has attacked. */
export function withUntried(findings: readonly Finding[], detail = 'no finding came of it'): Finding[] {
  const tried = new Set(findings.map(({ promise }) => promise));
  const untried = attackedPromises.filter((promise) => !tried.has(promise));
  return [...findings, ...untried.map((promise) => ({ promise, verdict: 'not tried' as const, detail }))];
}
