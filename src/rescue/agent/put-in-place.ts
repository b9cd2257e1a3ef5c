import type { Git } from '../git.ts';
import type { SaveOrder } from '../protocol.ts';
import { parts, refOf } from '../rescue-refs.ts';
import type { Made } from './make-commits.ts';
import { NotAtomicError, push, RefusedError, type Update } from './push.ts';

interface Facts {
  readonly place: string;
  readonly made: Pick<Made, (typeof parts)[number]>;
  /** What takes away the places that this one takes the place of. */
  readonly former: readonly Update[];
  /** Every reference of the remote's, as it was seen. */
  readonly remote: ReadonlyMap<string, string>;
}

/**
 * Has a place name what was made, all or nothing: a manifest beside a state it does not name would be refused by the next
 * box, and what stood there before is gone. Where the server can't do that, or lets nothing be replaced, it goes to a place
 * of its own, and the one before is taken away once it is whole.
 * @returns references and the commits they name.
 */
export async function putInPlace(
  git: Git,
  order: SaveOrder,
  facts: Facts,
): Promise<Readonly<Record<string, string>>> {
  const { place, made, former } = facts;
  const updates = updatesOf(order, place, facts);
  const pushAll = (more: readonly Update[]) => push(git, order, [...updates, ...more]);
  try {
    await pushAll(former).catch((error: unknown) => {
      if (former.length === 0 || !isAbout(error, /deletion|delete/i)) throw error;
      return pushAll([]);
    });
    return refsOf(updates);
  } catch (error) {
    const isAtomic = !(error instanceof NotAtomicError);
    if (isAtomic && !isAbout(error, /non-fast-forward|force.?push/i)) throw error;
    const fresh = `${place.slice(0, 8)}-${made.manifest.slice(0, 8)}`;
    const news = updatesOf(order, fresh, facts);
    if (isAtomic) await push(git, order, news);
    else for (const some of inTurn(news)) await push(git, order, some, { atomic: false });
    const stale = updates.filter(({ was }) => was !== null).map((update) => ({ ...update, id: null }));
    // An older one that stays there does no harm: the latest comes back.
    await push(git, order, [...stale, ...former], { atomic: false }).catch(() => {});
    return refsOf(news);
  }
}

function updatesOf({ box }: SaveOrder, place: string, { made, remote }: Facts): Update[] {
  return parts.map((part) => {
    const ref = refOf(box, place, part);
    return { ref, id: made[part], was: remote.get(ref) ?? null };
  });
}

/** The manifest comes last: what is without one is no rescue yet. */
function inTurn(updates: readonly Update[]): Update[][] {
  const isProof = ({ ref }: Update) => ref.endsWith('/manifest');
  return [updates.filter((update) => !isProof(update)), updates.filter(isProof)];
}

function isAbout(error: unknown, words: RegExp): boolean {
  return error instanceof RefusedError && words.test(error.words.join('\n'));
}

function refsOf(updates: readonly Update[]): Record<string, string> {
  return Object.fromEntries(updates.map(({ ref, id }) => [ref, id ?? '']));
}
