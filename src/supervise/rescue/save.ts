import { copyFileSync } from 'node:fs';
import type { Host } from '../../host/host.ts';
import { type Changes, findChanges } from './changes.ts';
import { chooseFiles } from './choose.ts';
import { isClean } from './clean.ts';
import { Git } from './git.ts';
import { type History, planHistory } from './history.ts';
import { type Look, look } from './look.ts';
import { type Made, makeCommits } from './make.ts';
import { moduleNotes } from './modules.ts';
import { present } from './objects.ts';
import type { SaveOrder, SaveReport } from './order.ts';
import { parts, refOf } from './places.ts';
import { halfDone } from './refs.ts';
import { askRemote, explainRemote, visibilityOf } from './remote.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { makeScanner } from './secrets.ts';

type Program = Pick<Host, 'run' | 'now'>;

/** Saves what the agent has done, as the agent, without touching anything of its own. */
export async function save(host: Program, order: SaveOrder): Promise<SaveReport> {
  let scratch: string | null = null;
  try {
    const seen = look(order.folder);
    if (typeof seen === 'string') return { kind: 'nothing', fingerprint: '', reason: seen };
    scratch = makeScratch(seen);
    return await saveThrough(host, order, { seen, scratch });
  } catch (error) {
    return { kind: 'failed', reason: explainRemote(error) };
  } finally {
    if (scratch !== null) removeScratch(scratch);
  }
}

async function saveThrough(
  host: Program,
  order: SaveOrder,
  { seen, scratch }: { seen: Look; scratch: string },
): Promise<SaveReport> {
  const place = { gitDir: scratch, workTree: order.folder, index: `${scratch}/index` };
  const git = new Git(host, { ...order, place });
  const changes = await findChanges(git, seen, scratch);
  if (changes.fingerprint === order.last) return { kind: 'unchanged' };
  const timeout = Math.max(order.deadline - host.now(), 1);
  const [remote, visibility] = await Promise.all([
    askRemote(host, { ...order, timeout }),
    order.scope === null ? visibilityOf(host, { ...order, timeout }) : 'unknown',
  ]);
  const scope = order.scope ?? (visibility === 'private' ? 'all' : 'tracked');
  const newScan = makeScanner(order.secrets);
  const known = [...(await present(git, [...new Set(remote.refs.values())])).keys()];
  const indexTree = await writeTree(git, changes, scratch);
  const history = await planHistory({
    git,
    look: seen,
    changes,
    indexTree,
    known,
    most: order.most,
    newScan,
  });
  const own = [order.place, ...order.former].flatMap((name) =>
    parts.map((part) => refOf(order.box, name, part)),
  );
  const stale = own.filter((ref) => remote.refs.has(ref));
  if (await isClean({ git, look: seen, changes, history, indexTree, remote, ref: order.ref })) {
    if (stale.length > 0)
      await push(
        git,
        order,
        stale.map((ref) => `:${ref}`),
      );
    return { kind: 'nothing', fingerprint: changes.fingerprint, reason: 'the remote has all of it already' };
  }
  const choice = chooseFiles(changes.candidates, { scope, most: order.most - history.bytes });
  const notes = [...seen.notes, ...history.notes, ...(await moduleNotes(host, order, changes.entries))];
  const half = halfDone([...seen.state.keys()]);
  if (half !== null) notes.push(`A ${half} is half done; it is saved as it stands.`);
  const made = await makeCommits({
    host,
    git,
    order,
    look: seen,
    changes,
    history,
    indexTree,
    choice,
    notes,
    newScan,
  });
  const refs = Object.fromEntries(parts.map((part) => [refOf(order.box, order.place, part), made[part]]));
  const former = stale.filter((ref) => refs[ref] === undefined);
  await push(git, order, [
    ...Object.entries(refs).map(([ref, id]) => `+${id}:${ref}`),
    ...former.map((ref) => `:${ref}`),
  ]);
  return report({ made, refs, seen, changes, history, notes });
}

/** @returns the tree of what is staged; paths in conflict are not in it. */
async function writeTree(git: Git, changes: Changes, scratch: string): Promise<string> {
  const index = `${scratch}/index.tree`;
  copyFileSync(changes.index, index);
  const staged = git.withIndex(index);
  const conflicts = [...new Set(changes.entries.filter(({ stage }) => stage > 0).map(({ path }) => path))];
  const zero = '0'.repeat(changes.entries[0]?.id.length ?? 40);
  const remove = conflicts.map((path) => `0 ${zero}\t${path}\0`).join('');
  if (remove !== '') await staged.run(['update-index', '-z', '--index-info'], { stdin: remove });
  return staged.text(['write-tree']);
}

async function push(git: Git, { url, credential }: SaveOrder, refspecs: readonly string[]): Promise<void> {
  const options = ['--no-verify', '--no-signed', '--no-follow-tags', '--recurse-submodules=no'];
  await git.run(['push', ...options, '--', url, ...refspecs], credential ? { voice: 'operator' } : {});
}

function report(facts: {
  made: Made;
  refs: Record<string, string>;
  seen: Look;
  changes: Changes;
  history: History;
  notes: readonly string[];
}): SaveReport {
  const { made, refs, seen, changes, history, notes } = facts;
  return {
    kind: 'pushed',
    fingerprint: changes.fingerprint,
    refs,
    branch: 'branch' in seen.head ? seen.head.branch.replace('refs/heads/', '') : null,
    commits: history.commits,
    files: made.files,
    bytes: made.bytes + history.bytes,
    leftOut: made.leftOut,
    notes,
  };
}
