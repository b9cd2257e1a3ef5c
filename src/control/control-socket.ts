import type { Finding } from '../checks/protocol.ts';
import { BootError, chainOf } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import type { Log } from '../core/log.ts';
import type { ControlReply, PolicyStore } from '../init/policy-store.ts';

/** What an operator's command asks of init. `for` in milliseconds. */
type Request =
  | { readonly command: 'allow'; readonly rule: string; readonly for: number | null }
  | { readonly command: 'deny'; readonly rule: string }
  | { readonly command: 'reload' | 'rules' | 'sets' | 'verify' | 'health' };

export interface ControlParts {
  readonly book: PolicyStore;
  readonly log: Log;
  /** Has every promise attacked from inside. */
  readonly attack: () => Promise<readonly Finding[]>;
  /** Looks whether the firewall stands; a sentence for each gap. */
  readonly findGaps: () => Promise<readonly string[]>;
}

/** Answers one line of JSON with another; whatever goes wrong is an answer too. */
export function makeControl({
  book,
  log,
  attack,
  findGaps,
}: ControlParts): (line: string) => Promise<string> {
  return async (line) => {
    const request = parseRequest(line);
    if (request === null) return JSON.stringify({ code: ExitCode.settings, text: 'That is no request.' });
    try {
      return JSON.stringify(await answer({ book, attack, findGaps }, request));
    } catch (error) {
      log.event('error', 'control.failed', { command: request.command, reason: chainOf(error) });
      // A fault of ours to find is in the log; one with a sentence of its own is the answer.
      const text = error instanceof BootError ? error.message : 'the command failed; the log says why';
      return JSON.stringify({ code: ExitCode.failed, text });
    }
  };
}

async function answer(
  { book, attack, findGaps }: Omit<ControlParts, 'log'>,
  request: Request,
): Promise<ControlReply> {
  switch (request.command) {
    case 'verify':
      return { code: ExitCode.ok, text: '', data: await attack() };
    case 'health':
      return { code: ExitCode.ok, text: '', data: await findGaps() };
    case 'allow':
      return book.allow(request.rule, request.for);
    case 'deny':
      return book.deny(request.rule);
    case 'reload':
      return book.reload();
    case 'rules':
      return book.describe();
    case 'sets':
      return book.describeSets();
  }
}

function parseRequest(line: string): Request | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? requestOf(value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function requestOf({ command, rule, for: time }: Record<string, unknown>): Request | null {
  const bare = (['reload', 'rules', 'sets', 'verify', 'health'] as const).find((each) => each === command);
  if (bare !== undefined) return { command: bare };
  if (typeof rule !== 'string') return null;
  if (command === 'deny') return { command, rule };
  if (command !== 'allow') return null;
  if (time === null) return { command, rule, for: null };
  return Number.isSafeInteger(time) && Number(time) > 0 ? { command, rule, for: Number(time) } : null;
}
