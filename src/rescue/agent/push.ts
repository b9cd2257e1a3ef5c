import { chainOf } from '../../core/errors.ts';
import type { Git } from '../git.ts';
import type { SaveOrder } from '../protocol.ts';
import { RemoteError } from '../remote.ts';

const options = ['--no-verify', '--no-signed', '--no-follow-tags', '--recurse-submodules=no'];
/** Lines of what a remote says that are listened to. */
const mostLines = 400;

/** What one reference is to name, from what it names now on the remote; null: nothing. */
export interface Update {
  readonly ref: string;
  readonly id: string | null;
  readonly was: string | null;
}

/** The remote had its say, and does not take it. */
export class RefusedError extends RemoteError {
  /** Its own lines, octets, one to a character, and the reasons it gave for single references. */
  readonly words: readonly string[];

  constructor(words: readonly string[]) {
    super(new Error(`the repository rejected the push: ${tellWords(words)}`));
    this.name = 'RefusedError';
    this.words = words;
  }
}

/** Somebody else has changed one of the references since they were looked at. */
export class MovedError extends RemoteError {
  constructor(words: readonly string[]) {
    super(new Error(`another box has saved at the same time: ${tellWords(words)}`));
    this.name = 'MovedError';
  }
}

/** The server knows no push of all or nothing. */
export class NotAtomicError extends RemoteError {}

/**
 * Pushes what the references are to name, and only where they still name what they did: of two boxes that save at the
 * same time neither writes over what it has not seen.
 * @param facts.atomic all or nothing; else each as the server likes.
 */
export async function push(
  git: Git,
  { url, credential }: Pick<SaveOrder, 'url' | 'credential'>,
  updates: readonly Update[],
  { atomic = true } = {},
): Promise<void> {
  if (updates.length === 0) return;
  const leases = updates.map(({ ref, was }) => `--force-with-lease=${ref}:${was ?? ''}`);
  const specs = updates.map(({ ref, id }) => `${id ?? ''}:${ref}`);
  const args = ['push', '--porcelain', ...(atomic ? ['--atomic'] : []), ...options, ...leases];
  const lines: string[] = [];
  let table = '';
  const more = {
    onProgress: (line: string) => void (lines.length < mostLines && lines.push(line)),
    onOutput: (octets: Buffer) => {
      table += octets.toString('latin1');
    },
  };
  try {
    const voice = credential ? ({ voice: 'operator' } as const) : {};
    await git.run([...args, '--', url, ...specs], { ...more, ...voice });
  } catch (error) {
    throw judgeFailure(error, { lines, table });
  }
}

/** @param heard.table what `--porcelain` prints: a line for each reference. */
function judgeFailure(error: unknown, heard: { lines: readonly string[]; table: string }): unknown {
  const said = chainOf(error);
  if (/does not support --atomic/.test(said)) return new NotAtomicError(error);
  const remote = heard.lines.flatMap(
    (line) => /^(?:remote: ?|error: (?=remote unpack failed))(.*?)\s*$/.exec(line)?.[1] ?? [],
  );
  const rows = heard.table
    .split('\n')
    .map((line) => /^!\t[^\t]*:([^\t:]+)\t\[([^\]]+)\] \((.*)\)$/.exec(line));
  const refused = rows.filter((row) => row !== null).map(([, ref = '', , reason = '']) => ({ ref, reason }));
  const words = [...remote, ...refused.map(({ ref, reason }) => `${ref}: ${reason}`)];
  if (/No space left on device|Disk quota exceeded/.test(words.join('\n')))
    return new RemoteError(new Error(`the repository has no room for it: ${tellWords(words)}`));
  if (/(HTTP|returned error:) 413/.test(said)) return new RefusedError(['request entity too large']);
  if (refused.length === 0) return isOurs(said) ? error : new RemoteError(error);
  return hasMoved(words) ? new MovedError(words) : new RefusedError(words);
}

function hasMoved(words: readonly string[]): boolean {
  return words.some((line) =>
    /stale info|fetch first|but expected|reference already exists|incorrect old value|failed to update ref/.test(
      line,
    ),
  );
}

/** Whether it failed on what was to be sent, before the remote had a say. */
function isOurs(said: string): boolean {
  return /pack-objects died|bad object|bad tree object|unable to read|is corrupt|missing (blob|tree|commit)/i.test(
    said,
  );
}

/** Characters of a remote's words that are handed on. */
const mostWords = 600;

/** @returns a remote's words on one line, without its rulers and empty lines, each reason once. */
export function tellWords(words: readonly string[]): string {
  const reasons = words.map((line) => line.replace(/^refs\/\S+: /, '').trim());
  const telling = [...new Set(reasons)].filter((line) => /[A-Za-z0-9]/.test(line));
  const text = Buffer.from(telling.join(' | '), 'latin1').toString('utf8');
  return text.length > mostWords ? `${text.slice(0, mostWords - 1)}…` : text;
}
