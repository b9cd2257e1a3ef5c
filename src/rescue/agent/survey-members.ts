import { makeFolder } from '../../host/agent-file-changes.ts';
import type { Host } from '../../host/host.ts';
import { Git } from '../git.ts';
import type { SaveOrder } from '../protocol.ts';
import { printableName } from '../rescue-text.ts';
import { type Changes, findChanges } from './changes.ts';
import { type FoundMember, findModules, findWorktrees, trackedIds } from './find-members.ts';
import { present } from './git-objects.ts';
import { writeIndexTree } from './history.ts';
import type { Entry } from './listing.ts';
import { type Look, look } from './look-at-repository.ts';
import { makeScratch } from './scratch.ts';

/** How many of each are looked at. */
const mostLookedAt = 20;

type Program = Pick<Host, 'run' | 'now' | 'uptime'>;

export interface SurveyedMember extends FoundMember {
  readonly look: Look;
  readonly git: Git;
  readonly changes: Changes;
  readonly indexTree: string;
  /** A fresh clone would have all of it. */
  readonly isIdle: boolean;
}

export interface MemberSurvey {
  readonly members: readonly SurveyedMember[];
  /** Whole sentences about those that are not saved. */
  readonly notes: readonly string[];
  /** There is one that could not be read. */
  readonly isBroken: boolean;
}

export const noMembers: MemberSurvey = { members: [], notes: [], isBroken: false };

/** Of the time for a survey, the share that theirs may take. */
const share = 0.6;

/** Looks at the linked working trees, and at the submodules in which there is work, each by an own look at its files. */
export async function surveyMembers(
  host: Program,
  facts: { order: SaveOrder; git: Git; look: Look; entries: readonly Entry[]; until: number },
): Promise<MemberSurvey> {
  const { order, look: main, entries } = facts;
  const trees = findWorktrees({ folder: order.folder, commonDir: main.commonDir });
  const modules = findModules(order.folder, entries);
  const found = [...trees.slice(0, mostLookedAt), ...modules.slice(0, mostLookedAt)];
  const members: SurveyedMember[] = [];
  const notes: string[] = [];
  let isBroken = false;
  const until = host.uptime() + share * Math.max(facts.until - host.uptime(), 1);
  for (const [number, one] of found.entries()) {
    const seen = await surveyOne(host, { ...facts, until, found: one, number }).catch(() => null);
    isBroken ||= seen === null;
    if (seen === null) notes.push(`${titleOf(one)} can't be read, and is not saved.`);
    else if (seen.kind === 'worktree' || !seen.isIdle) members.push(seen);
    const nested = seen === null ? [] : findModules(one.folder, seen.changes.entries);
    for (const [at, inner] of nested.slice(0, mostLookedAt).entries()) {
      const told = { ...facts, until, found: inner, number: (number + 1) * 1000 + at };
      const idle = await surveyOne(host, told).then(
        (deep) => deep?.isIdle === true,
        () => false,
      );
      const path = `${one.path}/${inner.path}`;
      if (!idle) notes.push(`${titleOf({ ...inner, path })} has work of its own, which is not saved.`);
    }
  }
  const more = trees.length + modules.length - found.length;
  if (more > 0) notes.push(`${more} more working trees and submodules were not looked at.`);
  return { members, notes, isBroken };
}

export function titleOf({ kind, path }: Pick<FoundMember, 'kind' | 'path'>): string {
  return `${kind === 'worktree' ? 'The working tree' : 'The submodule'} ${printableName(path)}`;
}

async function surveyOne(
  host: Program,
  facts: { order: SaveOrder; git: Git; found: FoundMember; number: number; until: number },
): Promise<SurveyedMember | null> {
  const { order, git: main, found, number, until } = facts;
  const seen = look(found.folder);
  if (seen === null || seen.damage.length > 0) return null;
  const room = `${main.place.gitDir}/member-${number}`;
  makeFolder(`${room}/tree`);
  // A linked one shares its objects with the repository, and its scratch sees them.
  const scratch = found.kind === 'submodule' ? makeScratch({ ...seen, inside: room }) : null;
  const gitDir = scratch?.folder ?? main.place.gitDir;
  const place = { gitDir, workTree: `${room}/tree`, index: `${room}/index` };
  const git = new Git(host, { ...order, place, deadline: until });
  const own = found.kind === 'submodule' ? seen : { ...seen, refs: new Map<string, string>(), stashes: [] };
  const changes = await findChanges(git, own, room);
  const indexTree = await writeIndexTree(git, changes);
  const isIdle = await isIdleTree(git, { found, look: own, changes, indexTree });
  return { ...found, look: own, git, changes, indexTree, isIdle };
}

async function isIdleTree(
  git: Git,
  facts: { found: FoundMember; look: Look; changes: Changes; indexTree: string },
): Promise<boolean> {
  const { found, look: seen, changes, indexTree } = facts;
  const { commit, refs, stashes, state } = seen;
  if (commit === null || changes.candidates.length > 0 || stashes.length > 0) return false;
  if (found.commit !== null && found.commit !== commit) return false;
  if (
    state.has('MERGE_HEAD') ||
    state.has('CHERRY_PICK_HEAD') ||
    [...state.keys()].some((name) => name.includes('/'))
  )
    return false;
  if ((await git.text(['rev-parse', `${commit}^{tree}`])) !== indexTree) return false;
  const known = [...(await present(git, trackedIds(seen.commonDir))).keys()];
  const asked = [commit, ...refs.values(), ...known.map((id) => `^${id}`), ''].join('\n');
  return (await git.text(['rev-list', '--max-count=1', '--stdin'], asked)) === '';
}
