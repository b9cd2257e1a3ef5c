import { copyFile } from '../../host/agent-file-changes.ts';
import type { Git } from '../git.ts';
import type { LeftOut } from '../protocol.ts';
import { printableName } from '../rescue-text.ts';
import type { Changes } from './changes.ts';
import { type NewObject, newObjects, present, scanObjects } from './git-objects.ts';
import type { Look } from './look-at-repository.ts';
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
}

export interface HistoryParts {
  readonly git: Git;
  readonly look: Look;
  readonly changes: Changes;
  /** The tree of what is staged. */
  readonly indexTree: string;
  /** Commits that the remote has. */
  readonly known: readonly string[];
  readonly most: number;
  readonly newScan: () => Scan;
}

interface Group {
  readonly name: string;
  readonly tips: readonly string[];
}

/** Judges history by the objects that would be pushed: whole where it can be, else group by group. */
export async function planHistory(parts: HistoryParts): Promise<History> {
  const { look, git } = parts;
  const base = await commonBase(parts);
  const groups = groupsOf(parts);
  const types = await present(git, [...new Set(groups.flatMap(({ tips }) => tips))]);
  const here = groups.map((group) => ({ ...group, tips: group.tips.filter((id) => types.has(id)) }));
  const verdicts = await judgeGroups({ ...parts, known: excludedBy(parts, base) }, here);
  const saved = (name: string) => verdicts.get(name)?.ok === true;
  const headSaved = look.commit === null || saved('HEAD');
  const refs = [...look.refs].filter(([name, id]) => saved(name) && types.get(id) === 'commit');
  const stashes = look.stashes.filter(([id]) => saved('stash') && types.get(id) === 'commit');
  const kept = new Set([...refs, ...stashes.map(([id]) => ['', id] as const)].map(([, id]) => id));
  const states = saved('state') ? look.stateCommits.filter((id) => types.get(id) === 'commit') : [];
  const objects = [...verdicts.values()].filter(({ ok }) => ok).flatMap(({ objects }) => objects);
  const unique = new Map(objects.map((object) => [object.id, object]));
  return {
    base: headSaved ? look.commit : base,
    headSaved,
    indexSaved: saved('index'),
    refs,
    stashes,
    tips: [...new Set([...kept, ...states])].filter((id) => id !== look.commit || !headSaved),
    dropped: new Set(verdicts.get('index')?.bad.map(({ id }) => id)),
    commits: [...unique.values()].filter(({ type }) => type === 'commit').length,
    bytes: [...unique.values()].reduce((sum, { size }) => sum + size, 0),
    leftOut: [...verdicts.values()].flatMap(({ leftOut }) => leftOut),
    notes: [...verdicts.values()].flatMap(({ note }) => note),
  };
}

/** A tree that is no commit's is compared with the trees one names. */
function excludedBy({ known }: HistoryParts, base: string | null): string[] {
  return base === null ? [...known] : [...known, `${base}^{tree}`];
}

function groupsOf({ look, changes, indexTree }: HistoryParts): Group[] {
  const unmerged = changes.entries.filter(({ stage, mode }) => stage > 0 && mode !== '160000');
  return [
    ...(look.commit === null ? [] : [{ name: 'HEAD', tips: [look.commit] }]),
    { name: 'index', tips: [indexTree, ...unmerged.map(({ id }) => id)] },
    ...[...look.refs].map(([name, id]) => ({ name, tips: [id] })),
    { name: 'stash', tips: look.stashes.map(([id]) => id) },
    { name: 'state', tips: look.stateCommits },
  ];
}

interface GroupVerdict {
  readonly ok: boolean;
  readonly objects: readonly NewObject[];
  /** What stands in the way. */
  readonly bad: readonly NewObject[];
  readonly leftOut: readonly LeftOut[];
  readonly note: readonly string[];
}

async function judgeGroups(
  parts: HistoryParts,
  groups: readonly Group[],
): Promise<Map<string, GroupVerdict>> {
  const { git, known, most, newScan } = parts;
  const all = await newObjects(git, [...new Set(groups.flatMap(({ tips }) => tips))], known);
  const whole = sizeOf(all) <= most && (await scanObjects(git, all, newScan)).length === 0;
  const verdicts = new Map<string, GroupVerdict>();
  let used = 0;
  for (const group of groups) {
    if (whole) {
      verdicts.set(group.name, { ok: true, objects: all, bad: [], leftOut: [], note: [] });
      continue;
    }
    const objects = await newObjects(git, group.tips, known);
    const verdict = await judgeGroup(parts, { group, objects, room: most - used });
    if (verdict.ok) used += sizeOf(objects);
    verdicts.set(group.name, verdict);
  }
  return verdicts;
}

async function judgeGroup(
  { git, newScan }: HistoryParts,
  { group, objects, room }: { group: Group; objects: readonly NewObject[]; room: number },
): Promise<GroupVerdict> {
  const large = largestBeyond(objects, room);
  const rest = objects.filter((object) => !large.includes(object));
  const secret = await scanObjects(git, rest, newScan);
  const bad = [...large, ...secret];
  if (bad.length === 0) return { ok: true, objects, bad, leftOut: [], note: [] };
  const why =
    secret.length > 0 ? 'they hold what looks like a secret' : 'they are larger than RESCUE_SIZE allows';
  const named = (list: readonly NewObject[], why: 'size' | 'content') =>
    list.filter(({ path }) => path !== '').map(({ path }) => ({ path, why }));
  return {
    ok: false,
    objects: [],
    bad,
    leftOut: [...named(large, 'size'), ...named(secret, 'content')],
    note: [`${titleOf(group.name)} are not saved: ${why}.`],
  };
}

function titleOf(name: string): string {
  const titles: Record<string, string> = {
    HEAD: 'The new commits of what is checked out',
    index: 'The staged changes as such',
    stash: 'The stashes',
    state: 'Commits of a merge or rebase half done',
  };
  return titles[name] ?? `The new commits of ${printableName(name.replace(/^refs\/(heads|tags)\//, ''))}`;
}

function largestBeyond(objects: readonly NewObject[], room: number): NewObject[] {
  const large: NewObject[] = [];
  let size = sizeOf(objects);
  for (const object of objects.toSorted((one, other) => other.size - one.size)) {
    if (size <= room) break;
    size -= object.size;
    large.push(object);
  }
  return large;
}

function sizeOf(objects: readonly NewObject[]): number {
  return objects.reduce((sum, { size }) => sum + size, 0);
}

/** @returns the newest commit below HEAD that the remote has. */
async function commonBase({ git, look, known }: HistoryParts): Promise<string | null> {
  if (look.commit === null) return null;
  const asked = [look.commit, ...known.map((id) => `^${id}`), ''].join('\n');
  const lines = await git.text(['rev-list', '--first-parent', '--boundary', '--stdin'], asked);
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
