import { chainOf } from '../../core/errors.ts';
import type { Git } from '../git.ts';
import type { SaveOrder } from '../protocol.ts';
import { RemoteError } from '../remote.ts';

const options = ['--no-verify', '--no-signed', '--no-follow-tags', '--recurse-submodules=no'];

/**
 * Pushes all or nothing: a manifest beside a state it does not name would be refused by the next box, and what stood
 * there before is gone. A server that knows no such push is asked for the references one by one.
 */
export async function push(
  git: Git,
  { url, credential }: SaveOrder,
  refspecs: readonly string[],
): Promise<void> {
  const run = (more: readonly string[]) =>
    git.run(['push', ...options, ...more, '--', url, ...refspecs], credential ? { voice: 'operator' } : {});
  try {
    await run(['--atomic']).catch((error: unknown) => {
      if (!/does not support --atomic/.test(chainOf(error))) throw error;
      return run([]);
    });
  } catch (error) {
    throw isOurs(error) ? error : new RemoteError(error);
  }
}

/** Whether it failed on what was to be sent, before the remote had a say. */
function isOurs(error: unknown): boolean {
  return /pack-objects died|bad object|bad tree object|unable to read|is corrupt|missing (blob|tree|commit)/i.test(
    chainOf(error),
  );
}
