import { copyFile } from '../../host/agent-file-changes.ts';
import { assertAnswered } from '../../host/command-error.ts';
import type { Git } from '../git.ts';
import type { LeftOut } from '../protocol.ts';
import type { Changes } from './changes.ts';
import { present } from './git-objects.ts';
import { type Group, type GroupVerdict, judgeGroups } from './judge-groups.ts';
import type { Look } from './look-at-repository.ts';
import { findNewestGood, type NewestGood } from './newest-good.ts';
import { type Refusals, workflows } from './refusals.ts';
import type { Scan } from './secret-scan.ts';

/** Of everything that has been committed, stashed or staged: what may be pushed. */
export interface History {
  /** The commit the working tree is saved on; null before the first one. */
  readonly base: string | null;
  readonly headSaved: boolean;
  readonly indexSaved: boolean;
  readonly refs: readonly (readonly [name: string, id: string])[];
  readonly stashes: Look['stashes'];
  /** Commits that have to be kept. */
  readonly tips: readonly string[];
  /** Staged objects that stay behind. */
  readonly dropped: ReadonlySet<string>;
  /** Commits that the remote has on no branch. */
  readonly commits: number;
  /** Bytes of what the remote has not. */
  readonly bytes: number;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
  /** Some of it can't be read. */
  readonly isBroken: boolean;
  /** Of every file that is pushed in a commit or an index. */
  readonly paths: ReadonlySet<string>;
  /** Bytes of everything that the remote has not, by id. */
  readonly sizes: ReadonlyMap<string, number>;
}

export interface HistoryParts {
  readonly git: Git;
  readonly look: Look;
  /** The agent's index, and the tree of what is staged; null where it is not believed. */
  readonly staged: { readonly changes: Changes; readonly indexTree: string } | null;
  /** Commits that the remote has. */
  readonly known: readonly string[];
  readonly most: number;
  readonly newScan: () => Scan;
  readonly refusals: Refusals;
}

/**
 * Judges history by the objects that would be pushed: whole where it can be, else group by group. Throws where what is
 * checked out or staged can't be read, and the agent's index is to be believed.
 */
export async function planHistory(parts: HistoryParts): Promise<History> {
  const { look, git, staged } = parts;
  const base = await commonBase(parts);
  const groups = groupsOf(parts);
  const types = await present(git, [...new Set(groups.flatMap(({ tips }) => tips))]);
  const here = groups.map((group) => ({ ...group, ...partition(group, types) }));
  const commits = groups.flatMap(({ tips }) => tips).filter((id) => types.get(id) === 'commit');
  const refusals = await refuseCommits(parts, commits);
  const verdicts = await judgeGroups({ ...parts, refusals, known: excludedBy(parts, base) }, here);
  const saved = (name: string) => verdicts.get(name)?.ok === true;
  const broken = [...verdicts].filter(([, { isBroken }]) => isBroken).map(([name]) => name);
  if (staged !== null && (broken.includes('HEAD') || broken.includes('index')))
    throw new Error(
      broken.includes('HEAD') ? 'the newest commit cannot be read' : 'what is staged cannot be read',
    );
  const headSaved = look.commit === null || saved('HEAD');
  const refs = [...look.refs].filter(([name, id]) => saved(name) && types.get(id) === 'commit');
  const stashes = look.stashes.filter(([id]) => saved('stash') && types.get(id) === 'commit');
  const kept = new Set([...refs, ...stashes.map(([id]) => ['', id] as const)].map(([, id]) => id));
  const states = saved('state') ? look.stateCommits.filter((id) => types.get(id) === 'commit') : [];
  const good = await goodBelow(parts, verdicts.get('HEAD'));
  const objects = [...verdicts.values(), { ok: good !== null, objects: good?.objects ?? [] }]
    .filter(({ ok }) => ok)
    .flatMap(({ objects }) => objects);
  const unique = new Map(objects.map((object) => [object.id, object]));
  return {
    base: headSaved ? look.commit : (good?.commit ?? base),
    headSaved,
    indexSaved: staged !== null && saved('index'),
    refs,
    stashes,
    tips: [...new Set([...kept, ...states])].filter((id) => id !== look.commit || !headSaved),
    dropped: new Set(verdicts.get('index')?.bad.map(({ id }) => id)),
    commits: [...unique.values()].filter(({ type }) => type === 'commit').length,
    bytes: [...unique.values()].reduce((sum, { size }) => sum + size, 0),
    leftOut: [...verdicts.values()].flatMap(({ leftOut }) => leftOut),
    notes: [...verdicts].flatMap(([name, { note }]) => (name === 'HEAD' ? note.map(noteOf(good)) : note)),
    isBroken: broken.length > 0,
    paths: new Set([...unique.values()].map(({ path }) => path)),
    sizes: new Map([...unique.values()].map(({ id, size }) => [id, size])),
  };
}

/** One that removes such a file, or takes it back to what it was, brings no object that would tell. */
async function refuseCommits(
  { git, known, refusals }: HistoryParts,
  tips: readonly string[],
): Promise<Refusals> {
  if (!refusals.files.has(workflows) || tips.length === 0) return refusals;
  const asked = [...tips, ...known.map((id) => `^${id}`), '--', workflows.slice(0, -1), ''].join('\n');
  const listed = await git.text(['rev-list', '--full-history', '--stdin'], asked);
  const ids = listed.split('\n').filter((line) => line !== '');
  return {
    ...refusals,
    objects: new Map([...refusals.objects, ...ids.map((id) => [id, 'workflow'] as const)]),
  };
}

/** What was committed before that which stays behind is no worse for it. */
async function goodBelow(
  { git, look, known }: HistoryParts,
  verdict: GroupVerdict | undefined,
): Promise<NewestGood | null> {
  if (look.commit === null || verdict === undefined || verdict.ok || verdict.isBroken) return null;
  const bad = new Set(verdict.bad.map(({ id }) => id));
  return findNewestGood(git, { head: look.commit, known, bad });
}

function noteOf(good: NewestGood | null): (note: string) => string {
  return (note) =>
    good === null ? note : note.replace(/^The new commits/, `The last ${good.left} of the new commits`);
}

/** What a half-done merge names need be no commit; all else has to be there. */
function partition(
  { name, tips }: Group,
  types: ReadonlyMap<string, string>,
): { tips: string[]; lacks: boolean } {
  const here = tips.filter((id) => types.has(id));
  return { tips: here, lacks: name !== 'state' && here.length < tips.length };
}

/** A tree that is no commit's is compared with the trees one names. */
function excludedBy({ known }: HistoryParts, base: string | null): string[] {
  return base === null ? [...known] : [...known, `${base}^{tree}`];
}

function groupsOf({ look, staged }: HistoryParts): Group[] {
  const entries = staged?.changes.entries ?? [];
  const unmerged = entries.filter(({ stage, mode }) => stage > 0 && mode !== '160000').map(({ id }) => id);
  return [
    ...(look.commit === null ? [] : [{ name: 'HEAD', tips: [look.commit] }]),
    { name: 'index', tips: staged === null ? [] : [staged.indexTree, ...unmerged] },
    ...[...look.refs].map(([name, id]) => ({ name, tips: [id] })),
    { name: 'stash', tips: look.stashes.map(([id]) => id) },
    { name: 'state', tips: look.stateCommits },
  ];
}

/** @returns the newest commit below HEAD that the remote has; null as well where its history can't be read. */
async function commonBase({ git, look, known }: HistoryParts): Promise<string | null> {
  if (look.commit === null) return null;
  const asked = [look.commit, ...known.map((id) => `^${id}`), ''].join('\n');
  const list = ['rev-list', '--first-parent', '--boundary', '--stdin'];
  const lines = await git.text(list, asked).catch((error: unknown) => {
    assertAnswered(error);
    return '-';
  });
  if (lines === '') return look.commit;
  return /^-([0-9a-f]+)$/m.exec(lines)?.[1] ?? null;
}

/** @returns the tree of what is staged; paths in conflict are not in it. */
export async function writeIndexTree(git: Git, changes: Changes): Promise<string> {
  const index = `${changes.index}.tree`;
  copyFile(changes.index, index);
  const staged = git.withIndex(index);
  const conflicts = [...new Set(changes.entries.filter(({ stage }) => stage > 0).map(({ path }) => path))];
  const zero = '0'.repeat(changes.entries[0]?.id.length ?? 40);
  const remove = conflicts.map((path) => `0 ${zero}\t${path}\0`).join('');
  if (remove !== '') await staged.run(['update-index', '-z', '--index-info'], { stdin: remove });
  return staged.text(['write-tree']);
}
