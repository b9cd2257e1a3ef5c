import type { Host } from '../../host/host.ts';
import { Git } from '../git.ts';
import { halfDone } from '../git-refs.ts';
import type { LeftOut, SaveOrder, SaveReport } from '../protocol.ts';
import { explainRemote, RemoteError } from '../remote.ts';
import { parts, refOf } from '../rescue-refs.ts';
import { condense, describeDamage } from '../rescue-text.ts';
import { chooseFiles } from './choose.ts';
import { isClean } from './is-clean.ts';
import { type Look, look } from './look-at-repository.ts';
import { makeCommits } from './make-commits.ts';
import { push } from './push.ts';
import { makeRoom } from './rooms.ts';
import { makeScratch, removeLeftovers, removeScratch } from './scratch.ts';
import { moduleNotes } from './submodules.ts';
import { type Asked, ask, type Survey, surveyDamaged, surveyWhole, type Trust, trusts } from './survey.ts';

type Program = Pick<Host, 'run' | 'now' | 'uptime' | 'uid'>;

/** Saves what the agent has done, as the agent, without touching anything of its own. */
export async function save(host: Program, order: SaveOrder): Promise<SaveReport> {
  try {
    const seen = look(order.folder);
    if (seen === null)
      return { kind: 'nothing', fingerprint: '', reason: `there is no file in ${order.folder}` };
    removeLeftovers(host.now());
    await makeRoom(host, order);
    return await saveLooked(host, order, seen);
  } catch (error) {
    return { kind: 'failed', reason: explainRemote(error) };
  }
}

/** Tries to save all there is; what can't be believed is left out of the next try. */
async function saveLooked(host: Program, order: SaveOrder, seen: Look): Promise<SaveReport> {
  let asked: Promise<Asked> | null = null;
  const remote = () => {
    asked ??= ask(host, order);
    return asked;
  };
  const damage = [...seen.damage];
  for (const trust of damage.length === 0 ? trusts : trusts.slice(1)) {
    try {
      return await attempt({ host, order, look: { ...seen, damage: [...damage] }, remote }, trust);
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      damage.push(explainRemote(error).replace(ownFolder, ''));
    }
  }
  return { kind: 'failed', reason: damage.join('; ') };
}

/** It has another name each time, and what is damaged is the same. */
const ownFolder = /\S*\/\.cloister-rescue-\w+\/?/g;

interface Attempt {
  readonly host: Program;
  readonly order: SaveOrder;
  readonly look: Look;
  readonly remote: () => Promise<Asked>;
}

/** Each but the last leaves time for the next: what is damaged may hold git as well as end it. */
const share = 0.6;

async function attempt(facts: Attempt, trust: Trust): Promise<SaveReport> {
  const { host, order, look: seen } = facts;
  const sha256 = seen.sha256 || (trust === 'files' && isSha256(await facts.remote()));
  const scratch = makeScratch({ ...seen, commonDir: trust === 'files' ? null : seen.commonDir, sha256 });
  try {
    const place = { gitDir: scratch.folder, workTree: scratch.shadow, index: `${scratch.folder}/index` };
    const left = Math.max(order.deadline - host.uptime(), 1);
    const until = trust === 'files' ? order.deadline : host.uptime() + share * left;
    const git = new Git(host, { ...order, place, deadline: until });
    const survey =
      trust === 'all' ? await surveyWhole({ ...facts, git }) : await surveyDamaged({ ...facts, git }, trust);
    if (survey === null) return { kind: 'unchanged' };
    const whole = new Git(host, { ...order, place });
    return await saveSurveyed({ ...survey, git: whole }, { trust, odd: [...seen.odd, ...scratch.odd] });
  } finally {
    removeScratch(scratch.folder);
  }
}

function isSha256({ refs }: Asked): boolean {
  return [...refs.values()].some((id) => id.length === 64);
}

async function saveSurveyed(
  facts: Survey,
  { trust, odd }: { trust: Trust; odd: readonly LeftOut[] },
): Promise<SaveReport> {
  const { order, git, look: seen, changes, remote, history } = facts;
  const isWhole = trust === 'all';
  const place = isWhole ? freePlace(order, remote.refs) : placeForDamaged(order, remote.refs);
  const old = isWhole ? [place, ...order.former.filter((name) => isOurs(order, name, remote.refs))] : [place];
  const stale = old
    .flatMap((name) => parts.map((part) => refOf(order.box, name, part)))
    .filter((ref) => remote.refs.has(ref));
  if (isWhole && (await isClean({ ...facts, indexTree: facts.startTree, ref: order.ref }))) {
    if (stale.length > 0) await push(git, order, stale.map(removal));
    return { kind: 'nothing', fingerprint: changes.fingerprint, reason: 'the remote has all of it already' };
  }
  const choice = chooseFiles(changes.candidates, { scope: remote.scope, most: order.most - history.bytes });
  const chosen = { ...choice, leftOut: [...odd, ...choice.leftOut] };
  const notes = await notesOf(facts, trust, place);
  const made = await makeCommits({ ...facts, choice: chosen, notes });
  const refs = Object.fromEntries(parts.map((part) => [refOf(order.box, place, part), made[part]]));
  const former = stale.filter((ref) => refs[ref] === undefined);
  const updates = Object.entries(refs).map(([ref, id]) => `+${id}:${ref}`);
  await push(git, order, [...updates, ...former.map(removal)]);
  const { head } = seen;
  return {
    kind: 'pushed',
    fingerprint: changes.fingerprint,
    refs,
    branch: head !== null && 'branch' in head ? head.branch.replace('refs/heads/', '') : null,
    commits: history.commits,
    files: made.files,
    bytes: made.bytes + history.bytes,
    leftOut: condense(made.leftOut),
    notes,
    partial: !isWhole || history.isBroken || made.leftOut.some(isUnread),
  };
}

/** What could not be saved, unlike what was not to be. */
function isUnread({ why }: LeftOut): boolean {
  return why === 'unreadable' || why === 'deep';
}

async function notesOf({ host, order, look: seen, changes, history }: Survey, trust: Trust, place: string) {
  const half = halfDone([...seen.state.keys()]);
  return [
    ...(trust === 'all' ? [] : [describeDamage(seen.damage, trust, history.base)]),
    ...seen.notes,
    ...history.notes,
    ...(trust === 'all' ? await moduleNotes(host, order, changes.entries) : []),
    ...(half === null ? [] : [`A ${half} is half done; it is saved as it stands.`]),
    ...(trust === 'all' && place !== order.place ? [sharedName] : []),
  ];
}

const sharedName =
  'Another box of this name has saved meanwhile: this one saves beside it. Give each a BOX_NAME of its own.';

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

function removal(ref: string): string {
  return `:${ref}`;
}
