import type { ShortHost } from '../../host/host.ts';
import type { Finding } from '../protocol.ts';

/** What an attack came to. */
export type CheckVerdict = Omit<Finding, 'promise'>;

/** One attack, carried out as the agent's user. */
export type Check = (host: ShortHost) => Promise<CheckVerdict> | CheckVerdict;
export type Checks = Readonly<Record<string, Check>>;

export function judge(holds: boolean, detail: string): CheckVerdict {
  return { verdict: holds ? 'holds' : 'broken', detail: holds ? '' : detail };
}

/**
 * Carries out an attack that has to fail, and with one of these errors: another may come from another layer, and
 * then it proves nothing about ours.
 */
export async function refused(attack: () => unknown, codes: readonly string[]): Promise<CheckVerdict> {
  try {
    await attack();
    return { verdict: 'broken', detail: 'the attempt succeeded' };
  } catch (error) {
    const code = codeOf(error);
    // A packet that got no answer got out: the firewall refuses, it never drops.
    if (code === 'ETIMEDOUT') return { verdict: 'broken', detail: 'nothing refused it' };
    return { verdict: codes.includes(code) ? 'holds' : openFor(code), detail: code };
  }
}

/** Errors of a lack, of memory or a way out: the attack came to nobody who could have refused it. */
const lacks = ['ENETUNREACH', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN', 'ENODEV'];

/** @returns what an attack proves that ended with an error nobody had promised. */
export function openFor(code: string): 'unknown' | 'not tried' {
  return lacks.includes(code) ? 'not tried' : 'unknown';
}

/** Carries out many attacks of one kind. One that succeeds breaks the promise, one that proves nothing leaves it open. */
export async function allRefused(
  attacks: Readonly<Record<string, () => unknown>>,
  codes: readonly string[],
): Promise<CheckVerdict> {
  const verdicts = await Promise.all(
    Object.entries(attacks).map(async ([name, attack]) => ({ name, ...(await refused(attack, codes)) })),
  );
  for (const kind of ['broken', 'not tried', 'unknown'] as const) {
    const bad = verdicts.filter(({ verdict }) => verdict === kind);
    if (bad.length > 0)
      return { verdict: kind, detail: bad.map(({ name, detail }) => `${name}: ${detail}`).join(', ') };
  }
  return { verdict: verdicts.length > 0 ? 'holds' : 'not tried', detail: '' };
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
