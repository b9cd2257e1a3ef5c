import { chainOf } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { gitCommand } from './git.ts';
import { parseRemote } from './git-refs.ts';

export type Remote = ReturnType<typeof parseRemote>;
export type Visibility = 'public' | 'private' | 'unknown';

/**
 * Asks with no git directory at all: nobody's configuration can answer in the remote's place.
 * @param facts.only patterns of the references to tell; default all, which may be very many.
 */
export async function askRemote(
  host: Pick<Host, 'run'>,
  facts: { url: string; credential: boolean; timeout: number; only?: readonly string[] },
): Promise<Remote> {
  const { url, credential, timeout, only = [] } = facts;
  const command = gitCommand(
    null,
    ['ls-remote', '--symref', '--', url, ...only],
    credential ? 'operator' : 'nobody',
  );
  const { stdout } = await host.run({ ...command, timeout });
  return parseRemote(stdout);
}

/** Asks as nobody whether anybody may read the repository. What can't be told is not taken for private. */
export async function visibilityOf(
  host: Pick<Host, 'run'>,
  facts: { url: string; timeout: number },
): Promise<Visibility> {
  try {
    await askRemote(host, { ...facts, credential: false });
    return 'public';
  } catch (error) {
    return /could not read Username|terminal prompts disabled|Authentication failed/.test(chainOf(error))
      ? 'private'
      : 'unknown';
  }
}

/** Not the agent's repository is at fault, but the way to the remote, or the remote's answer. */
export class RemoteError extends Error {
  constructor(cause: unknown) {
    super('', { cause });
    this.name = 'RemoteError';
  }
}

/** @param error what git said.  @returns it as a clause an operator understands, with git's own words behind. */
export function explainRemote(error: unknown): string {
  const said = chainOf(error).replace(
    /^\/usr\/bin\/(?:git|choom) (took too long|exited with \d+|was ended by \w+)(: )?/,
    '$1: ',
  );
  // It is in our words, and the remote's behind them could be taken for another meaning's.
  if (/^(the repository (rejected the push|has no room)|another box has saved)/.test(said)) return said;
  const [, meaning] = meanings.find(([pattern]) => pattern.test(said)) ?? [];
  return meaning === undefined ? said : `${meaning} (${said})`;
}

const meanings: readonly (readonly [RegExp, string])[] = [
  [/No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/, 'there is no room for it'],
  [
    /could not read Username|terminal prompts disabled/,
    'the repository asks for a credential and the box has none for it: set GH_PAT, or RESCUE=off and keep the work on a volume',
  ],
  [
    /Authentication failed|Invalid username|HTTP 401|returned error: 401/,
    'the repository refuses the credential',
  ],
  [/returned error: 403/, 'the credential may not write to the repository'],
  [
    /Could not resolve host|Failed to connect|Connection (refused|reset|timed out)|Operation too slow|Timeout was reached|took too long|timed out|early EOF|hung up/i,
    'the repository could not be reached',
  ],
  [/remote rejected|hook declined|failed to push some refs/i, 'the repository rejected the push'],
];
