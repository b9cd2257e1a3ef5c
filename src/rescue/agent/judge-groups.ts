import { assertAnswered } from '../../host/command-error.ts';
import type { Git } from '../git.ts';
import type { LeftOut, Why } from '../protocol.ts';
import { printableName } from '../rescue-text.ts';
import { type NewObject, newObjects, scanObjects } from './git-objects.ts';
import { type Refusals, whyRefusedObject } from './refusals.ts';
import type { Scan } from './secret-scan.ts';

/** What is saved together or not at all. */
export interface Group {
  readonly name: string;
  readonly tips: readonly string[];
  /** Some of its objects are not there at all. */
  readonly lacks?: boolean;
}

export interface GroupVerdict {
  readonly ok: boolean;
  readonly objects: readonly NewObject[];
  /** What stands in the way. */
  readonly bad: readonly NewObject[];
  readonly leftOut: readonly LeftOut[];
  readonly note: readonly string[];
  readonly isBroken: boolean;
}

interface JudgeParts {
  readonly git: Git;
  /** Commits that the remote has. */
  readonly known: readonly string[];
  readonly most: number;
  readonly newScan: () => Scan;
  readonly refusals: Refusals;
}

/** @returns a verdict on each, by name. */
export async function judgeGroups(
  parts: JudgeParts,
  groups: readonly Group[],
): Promise<Map<string, GroupVerdict>> {
  const { git, known, most, newScan, refusals } = parts;
  const read = (tips: readonly string[]) => orNull(newObjects(git, tips, known));
  const all = groups.some(({ lacks }) => lacks)
    ? null
    : await read([...new Set(groups.flatMap(({ tips }) => tips))]);
  const scan = async () => all !== null && (await scanObjects(git, all, newScan)).length === 0;
  const isTaken = all?.every((object) => whyRefusedObject(refusals, object) === null) === true;
  const whole = all !== null && isTaken && sizeOf(all) <= most && (await orNull(scan())) === true;
  const verdicts = new Map<string, GroupVerdict>();
  let used = 0;
  for (const group of groups) {
    if (whole) {
      verdicts.set(group.name, { ...fine, objects: all });
      continue;
    }
    const objects = group.lacks === true ? null : await read(group.tips);
    const verdict =
      objects === null ? null : await orNull(judgeGroup(parts, { group, objects, room: most - used }));
    if (verdict?.ok === true) used += sizeOf(verdict.objects);
    verdicts.set(group.name, verdict ?? unread(group));
  }
  return verdicts;
}

const fine: GroupVerdict = { ok: true, objects: [], bad: [], leftOut: [], note: [], isBroken: false };

function unread({ name }: Group): GroupVerdict {
  return {
    ...fine,
    ok: false,
    isBroken: true,
    note: [`${titleOf(name)} are not saved: they cannot be read.`],
  };
}

/** @returns null where git ended on objects it could not read. */
async function orNull<Value>(asked: Promise<Value>): Promise<Value | null> {
  try {
    return await asked;
  } catch (error) {
    assertAnswered(error);
    return null;
  }
}

async function judgeGroup(
  { git, newScan, refusals }: JudgeParts,
  { group, objects, room }: { group: Group; objects: readonly NewObject[]; room: number },
): Promise<GroupVerdict> {
  const refused = objects.filter((object) => whyRefusedObject(refusals, object) !== null);
  const taken = objects.filter((object) => !refused.includes(object));
  const large = largestBeyond(taken, room);
  const rest = taken.filter((object) => !large.includes(object));
  const secret = await scanObjects(git, rest, newScan);
  const bad = [...refused, ...large, ...secret];
  if (bad.length === 0) return { ...fine, objects };
  const why =
    secret.length > 0
      ? 'they hold what looks like a secret'
      : refused.length > 0
        ? 'the remote does not take what they hold'
        : 'they are larger than RESCUE_SIZE allows';
  const named = (list: readonly NewObject[], why: (object: NewObject) => Why) =>
    list.filter(({ path }) => path !== '').map((object) => ({ path: object.path, why: why(object) }));
  return {
    ...fine,
    ok: false,
    bad,
    leftOut: [
      ...named(refused, (object) => whyRefusedObject(refusals, object) ?? 'rule'),
      ...named(large, () => 'size'),
      ...named(secret, () => 'content'),
    ],
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
