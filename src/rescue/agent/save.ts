import type { Host } from '../../host/host.ts';
import { Git } from '../git.ts';
import { halfDone } from '../git-refs.ts';
import type { SaveOrder, SaveReport } from '../protocol.ts';
import { askRemote, explainRemote, type Remote, visibilityOf } from '../remote.ts';
import { parts, refOf } from '../rescue-refs.ts';
import { condense } from '../rescue-text.ts';
import { type Changes, findChanges } from './changes.ts';
import { chooseFiles } from './choose.ts';
import { present } from './git-objects.ts';
import { type History, planHistory, writeIndexTree } from './history.ts';
import { isClean } from './is-clean.ts';
import { type Look, look } from './look-at-repository.ts';
import { makeCommits } from './make-commits.ts';
import { makeScratch, removeLeftovers, removeScratch } from './scratch.ts';
import { makeScanner, type Scan } from './secret-scan.ts';
import { moduleNotes } from './submodules.ts';

type Program = Pick<Host, 'run' | 'now' | 'uptime'>;

/** Saves what the agent has done, as the agent, without touching anything of its own. */
export async function save(host: Program, order: SaveOrder): Promise<SaveReport> {
  let scratch: string | null = null;
  try {
    const seen = look(order.folder);
    if (typeof seen === 'string') return { kind: 'nothing', fingerprint: '', reason: seen };
    removeLeftovers(host.now());
    scratch = makeScratch(seen);
    const place = { gitDir: scratch, workTree: order.folder, index: `${scratch}/index` };
    const git = new Git(host, { ...order, place });
    const changes = await findChanges(git, seen, scratch);
    if (changes.fingerprint === order.last) return { kind: 'unchanged' };
    return await saveSurveyed(await survey({ host, order, git, look: seen, changes }));
  } catch (error) {
    return { kind: 'failed', reason: explainRemote(error) };
  } finally {
    if (scratch !== null) removeScratch(scratch);
  }
}

/** Everything that is known before anything is made. */
interface Survey {
  readonly host: Program;
  readonly order: SaveOrder;
  readonly git: Git;
  readonly look: Look;
  readonly changes: Changes;
  readonly remote: Remote;
  readonly scope: 'tracked' | 'all';
  readonly indexTree: string;
  readonly history: History;
  readonly newScan: () => Scan;
}

async function survey(facts: Pick<Survey, 'host' | 'order' | 'git' | 'look' | 'changes'>): Promise<Survey> {
  const { host, order, git, changes } = facts;
  const timeout = Math.max(order.deadline - host.uptime(), 1);
  const [remote, visibility] = await Promise.all([
    askRemote(host, { ...order, timeout }),
    order.scope === null ? visibilityOf(host, { ...order, timeout }) : 'unknown',
  ]);
  const scope = order.scope ?? (visibility === 'private' ? 'all' : 'tracked');
  const newScan = makeScanner(order.secrets);
  const known = [...(await present(git, [...new Set(remote.refs.values())])).keys()];
  const indexTree = await writeIndexTree(git, changes);
  const history = await planHistory({ ...facts, indexTree, known, most: order.most, newScan });
  return { ...facts, remote, scope, indexTree, history, newScan };
}

async function saveSurveyed(facts: Survey): Promise<SaveReport> {
  const { host, order, git, look: seen, changes, remote, scope, history } = facts;
  const place = freePlace(order, remote.refs);
  const own = [place, ...order.former].flatMap((name) => parts.map((part) => refOf(order.box, name, part)));
  const stale = own.filter((ref) => remote.refs.has(ref));
  if (await isClean({ ...facts, ref: order.ref })) {
    if (stale.length > 0) await push(git, order, stale.map(removal));
    return { kind: 'nothing', fingerprint: changes.fingerprint, reason: 'the remote has all of it already' };
  }
  const choice = chooseFiles(changes.candidates, { scope, most: order.most - history.bytes });
  const half = halfDone([...seen.state.keys()]);
  const notes = [
    ...seen.notes,
    ...history.notes,
    ...(await moduleNotes(host, order, changes.entries)),
    ...(half === null ? [] : [`A ${half} is half done; it is saved as it stands.`]),
    ...(place === order.place ? [] : [sharedName]),
  ];
  const made = await makeCommits({ ...facts, choice, notes });
  const refs = Object.fromEntries(parts.map((part) => [refOf(order.box, place, part), made[part]]));
  const former = stale.filter((ref) => refs[ref] === undefined);
  const updates = Object.entries(refs).map(([ref, id]) => `+${id}:${ref}`);
  await push(git, order, [...updates, ...former.map(removal)]);
  return {
    kind: 'pushed',
    fingerprint: changes.fingerprint,
    refs,
    branch: 'branch' in seen.head ? seen.head.branch.replace('refs/heads/', '') : null,
    commits: history.commits,
    files: made.files,
    bytes: made.bytes + history.bytes,
    leftOut: condense(made.leftOut),
    notes,
  };
}

const sharedName =
  'Another box of this name has saved meanwhile: this one saves beside it. Give each a BOX_NAME of its own.';

function freePlace({ box, place, mine, beside }: SaveOrder, refs: ReadonlyMap<string, string>): string {
  const there = refs.get(refOf(box, place, 'manifest'));
  return there === undefined || mine === null || mine.includes(there) ? place : beside;
}

function removal(ref: string): string {
  return `:${ref}`;
}

async function push(git: Git, { url, credential }: SaveOrder, refspecs: readonly string[]): Promise<void> {
  const options = ['--no-verify', '--no-signed', '--no-follow-tags', '--recurse-submodules=no'];
  await git.run(['push', ...options, '--', url, ...refspecs], credential ? { voice: 'operator' } : {});
}
