import type { LeftOut, SaveOrder, SaveReport } from '../protocol.ts';
import { parts, refOf } from '../rescue-refs.ts';
import { condense } from '../rescue-text.ts';
import { chooseFiles } from './choose.ts';
import { isClean } from './is-clean.ts';
import { makeCommits } from './make-commits.ts';
import { notesOf } from './notes.ts';
import { MovedError, push, RefusedError, tellWords, type Update } from './push.ts';
import { putInPlace } from './put-in-place.ts';
import { learnRefusals, nothingRefused, type Refusals } from './refusals.ts';
import { saveMembers } from './save-members.ts';
import type { SavedMembers } from './saved-members.ts';
import type { Survey, Trust } from './survey.ts';

/** How often a remote is asked at most: each refusal names but some of what it does not take. */
const mostTries = 6;

interface How {
  readonly trust: Trust;
  readonly odd: readonly LeftOut[];
}

/** Saves what was surveyed, without what the remote says it does not take. */
export async function saveSurveyed(survey: Survey, how: How): Promise<SaveReport> {
  if (
    how.trust === 'all' &&
    (await isClean({ ...survey, indexTree: survey.startTree, ref: survey.order.ref }))
  )
    return sayClean(survey);
  let remote = survey.remote;
  let refusals = nothingRefused;
  let refusal = '';
  for (let tries = 0; ; tries++) {
    const attempt = await saveOnce({ ...survey, remote }, { ...how, refusals, refusal });
    if ('kind' in attempt) return attempt;
    const { error, pushed } = attempt;
    const isLast = tries + 1 >= mostTries;
    if (error instanceof MovedError && !isLast) {
      remote = await survey.askAgain();
      continue;
    }
    if (!(error instanceof RefusedError) || isLast) throw error;
    const learned = learnRefusals(refusals, error.words, { ...pushed, tries });
    if (learned === null) throw error;
    refusals = learned;
    refusal = tellWords(error.words);
  }
}

async function sayClean({ git, order, changes, remote }: Survey): Promise<SaveReport> {
  const stale = staleIn(order, [order.place, ...order.former], remote.refs);
  await push(git, order, stale);
  return { kind: 'nothing', fingerprint: changes.fingerprint, reason: 'the remote has all of it already' };
}

/** What was pushed in vain, to compare with what the remote says of it. */
interface InVain {
  readonly error: MovedError | RefusedError;
  readonly pushed: {
    readonly paths: ReadonlySet<string>;
    readonly own: readonly string[];
    readonly bytes: number;
  };
}

async function saveOnce(
  survey: Survey,
  { trust, odd, refusals, refusal }: How & { readonly refusals: Refusals; readonly refusal: string },
): Promise<SaveReport | InVain> {
  const { order, git, look: seen, changes, remote } = survey;
  const isWhole = trust === 'all';
  const most = Math.min(order.most, refusals.most ?? order.most);
  const isFirst = refusals === nothingRefused;
  const history = isFirst ? survey.history : await survey.plan(refusals, most);
  const limits = { scope: remote.scope, most: most - history.bytes, refusals };
  const all = chooseFiles(changes.candidates, limits);
  const saved = await saveMembers({ ...survey, room: most - history.bytes - all.bytes, refusals });
  const choice = { ...all, leftOut: all.leftOut.filter((one) => !isMember(one, saved)) };
  const chosen = { ...choice, leftOut: [...odd, ...choice.leftOut] };
  const place = isWhole ? freePlace(order, remote.refs) : placeForDamaged(order, remote.refs);
  const notes = [...notesOf({ ...survey, history }, trust, place), ...saved.notes];
  const made = await makeCommits({ ...survey, history, choice: chosen, notes, refusals, saved });
  const bytes = made.bytes + history.bytes + saved.bytes;
  const former = staleIn(order, isWhole ? order.former : [], remote.refs);
  let refs: Readonly<Record<string, string>>;
  try {
    refs = await putInPlace(git, order, { place, made, former, remote: remote.refs });
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof MovedError)) throw error;
    const states = [...seen.state.keys()].map((name) => `git/${name}`);
    const paths = new Set([
      ...choice.take.map(({ path }) => path),
      ...history.paths,
      ...states,
      ...saved.paths,
    ]);
    const own = [
      made.work,
      made.state,
      made.manifest,
      ...saved.members.flatMap(({ work, state }) => [work, state]),
    ];
    return { error, pushed: { paths, own, bytes } };
  }
  const { head } = seen;
  return {
    kind: 'pushed',
    fingerprint: changes.fingerprint,
    refs,
    branch: head !== null && 'branch' in head ? head.branch.replace('refs/heads/', '') : null,
    commits: history.commits,
    files: made.files + saved.files,
    bytes,
    leftOut: condense(made.leftOut),
    notes,
    partial: !isWhole || !isFirst || history.isBroken || saved.isBroken || made.leftOut.some(isUnread),
    refusal,
  };
}

/** What is a repository of its own among the files, and saved as what it is. */
function isMember({ path, why }: LeftOut, { members }: SavedMembers): boolean {
  return why === 'nested' && members.some((member) => `${member.path}/` === path);
}

/** What could not be saved, unlike what was not to be. */
function isUnread({ why }: LeftOut): boolean {
  return why === 'unreadable' || why === 'deep';
}

/** @returns what takes away these places, where nothing stands in them but what this box has saved. */
function staleIn(order: SaveOrder, places: readonly string[], refs: ReadonlyMap<string, string>): Update[] {
  const own = places.filter((place) => isOurs(order, place, refs));
  return own.flatMap((place) =>
    parts.flatMap((part): Update[] => {
      const ref = refOf(order.box, place, part);
      const was = refs.get(ref);
      return was === undefined ? [] : [{ ref, id: null, was }];
    }),
  );
}

function freePlace(order: SaveOrder, refs: ReadonlyMap<string, string>): string {
  return isOurs(order, order.place, refs) ? order.place : order.beside;
}

/** The last one that was saved whole holds what can't be read any more: it is not written over. */
function placeForDamaged({ box, place, beside }: SaveOrder, refs: ReadonlyMap<string, string>): string {
  return refs.has(refOf(box, place, 'manifest')) ? beside : place;
}

/** Whether nothing stands there but what this box has saved or restored. */
function isOurs({ box, mine }: SaveOrder, place: string, refs: ReadonlyMap<string, string>): boolean {
  const there = refs.get(refOf(box, place, 'manifest'));
  return there === undefined || mine === null || mine.includes(there);
}
