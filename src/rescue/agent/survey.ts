import { createHash } from 'node:crypto';
import type { Host } from '../../host/host.ts';
import type { Git } from '../git.ts';
import type { SaveOrder } from '../protocol.ts';
import { askRemote, type Remote, RemoteError, visibilityOf } from '../remote.ts';
import { assertWhole, fetchBase, planBase } from './base.ts';
import { type Changes, changesFrom, findChanges } from './changes.ts';
import { present } from './git-objects.ts';
import { type History, planHistory, writeIndexTree } from './history.ts';
import { withLargeFiles } from './large-files.ts';
import type { Look } from './look-at-repository.ts';
import { nothingRefused, type Refusals } from './refusals.ts';
import { makeScanner, type Scan } from './secret-scan.ts';
import { type MemberSurvey, noMembers, surveyMembers } from './survey-members.ts';

type Program = Pick<Host, 'run' | 'now' | 'uptime'>;

/**
 * How much of the agent's git directory is believed: all of it; what it holds of commits, but neither what is staged
 * nor what is half done; nothing, and the files alone are saved.
 */
export const trusts = ['all', 'commits', 'files'] as const;
export type Trust = (typeof trusts)[number];

/** What the remote says, asked once. */
export interface Asked extends Remote {
  readonly scope: 'tracked' | 'all';
}

/** Everything that is known before anything is made. */
export interface Survey {
  readonly host: Program;
  readonly order: SaveOrder;
  readonly git: Git;
  readonly look: Look;
  readonly changes: Changes;
  readonly members: MemberSurvey;
  readonly remote: Asked;
  readonly startTree: string;
  readonly history: History;
  /** Judges it anew, by what the remote has refused since. */
  readonly plan: (refusals: Refusals, most: number) => Promise<History>;
  readonly askAgain: () => Promise<Asked>;
  readonly newScan: () => Scan;
}

export async function ask(host: Program, order: SaveOrder): Promise<Asked> {
  const timeout = Math.max(order.deadline - host.uptime(), 1);
  const [remote, visibility] = await Promise.all([
    askRemote(host, { ...order, timeout }).catch((error: unknown) => {
      throw new RemoteError(error);
    }),
    order.scope === null ? visibilityOf(host, { ...order, timeout }) : 'unknown',
  ]);
  return { ...remote, scope: order.scope ?? (visibility === 'private' ? 'all' : 'tracked') };
}

type Parts = Pick<Survey, 'host' | 'order' | 'git' | 'look'> & {
  readonly remote: () => Promise<Asked>;
  /** The machine's uptime, in milliseconds, by which it is surveyed. */
  readonly until: number;
};

/** @returns null where nothing has changed since it was saved last. */
export async function surveyWhole(parts: Parts): Promise<Survey | null> {
  const { host, order, git, look } = parts;
  const askAgain = () => ask(host, order);
  const found = await findChanges(git, look, git.place.gitDir);
  const members = await surveyMembers(host, { order, git, look, entries: found.entries, until: parts.until });
  const changes = { ...found, fingerprint: joinFingerprints(found, members) };
  if (changes.fingerprint === order.last) return null;
  const remote = await parts.remote();
  const indexTree = await writeIndexTree(git, changes);
  const newScan = makeScanner(order.secrets);
  const known = await knownHere(git, remote);
  const plan = (refusals: Refusals, most: number) =>
    planHistory({ git, look, newScan, most, staged: { changes, indexTree }, known, refusals });
  const history = await plan(nothingRefused, order.most);
  const all = await withLargeFiles(git, changes, { ...look, history });
  return { ...parts, remote, changes: all, startTree: indexTree, history, plan, askAgain, newScan, members };
}

/** The same of what can be read: the files, on the commit that is checked out or else on one the remote has. */
export async function surveyDamaged(parts: Parts, trust: Exclude<Trust, 'all'>): Promise<Survey | null> {
  const { host, order, git } = parts;
  const askAgain = () => ask(host, order);
  const remote = await parts.remote();
  const seen = reduce(parts.look, trust);
  const plan = planBase(remote, seen.head, order.ref);
  const newScan = makeScanner(order.secrets);
  const known = trust === 'files' ? [] : await knownHere(git, remote);
  const judge = (refusals: Refusals, most: number) =>
    planHistory({ git, look: seen, newScan, known, staged: null, most, refusals });
  const before = await judge(nothingRefused, order.most);
  const onHead = before.headSaved && seen.commit !== null;
  if (!onHead && plan.commit !== null) {
    if (trust === 'files') await fetchBase(git, order, plan.commit);
    else await assertWhole(git, plan.commit);
  }
  const base = onHead ? seen.commit : plan.commit;
  // At no branch and on no commit there is nothing to come back to.
  const head =
    seen.head === null || (base === null && 'commit' in seen.head) ? { branch: plan.branch } : seen.head;
  const look = { ...seen, head };
  const changes = await changesFrom(git, look, base);
  if (changes.fingerprint === order.last) return null;
  const startTree = await writeIndexTree(git, changes);
  const planOn = async (refusals: Refusals, most: number) => {
    const judged = await judge(refusals, most);
    return { ...judged, base: onHead && !judged.headSaved ? judged.base : base };
  };
  const history = { ...before, base };
  return {
    ...parts,
    look,
    remote,
    changes,
    startTree,
    history,
    plan: planOn,
    askAgain,
    newScan,
    members: noMembers,
  };
}

function joinFingerprints({ fingerprint }: Changes, { members, notes }: MemberSurvey): string {
  if (members.length === 0 && notes.length === 0) return fingerprint;
  const hash = createHash('sha256').update(JSON.stringify([fingerprint, notes]));
  for (const { path, changes } of members) hash.update(JSON.stringify([path, changes.fingerprint]), 'latin1');
  return hash.digest('hex');
}

async function knownHere(git: Git, remote: Remote): Promise<string[]> {
  return [...(await present(git, [...new Set(remote.refs.values())])).keys()];
}

function reduce(look: Look, trust: Exclude<Trust, 'all'>): Look {
  const unstated = { ...look, state: new Map(), stateCommits: [] };
  return trust === 'commits' ? unstated : { ...unstated, commit: null, refs: new Map(), stashes: [] };
}
