import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { parseParent, repositoryOf } from './protocol.ts';

/** Milliseconds GitHub has for its answer: the clone runs beside it, and nobody shall wait for this. */
const patience = 8000;
const mostRead = 1024 ** 2;

/**
 * Asks GitHub, as the agent, what a repository was forked from, and prints that one's URL; nothing for any other.
 * @param ask stands in for fetch in tests.
 */
export async function parent(
  host: Host,
  args: readonly string[],
  ask: typeof fetch = fetch,
): Promise<number> {
  const name = repositoryOf(args[0] ?? '');
  if (name === null) return 0;
  const token = host.files.readIfAny(`${Paths.agent}/github-token`)?.trim() ?? '';
  const response = await ask(`https://api.github.com/repos/${name}`, {
    headers: {
      accept: 'application/vnd.github+json',
      'user-agent': 'cloister',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(patience),
  });
  const text = response.ok ? await response.text() : '';
  const url = text.length > mostRead ? null : parseParent(text);
  if (url !== null) host.print(`${url}\n`);
  return 0;
}
