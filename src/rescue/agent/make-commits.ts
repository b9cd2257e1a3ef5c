import { readOctets } from '../../host/agent-files.ts';
import type { Host } from '../../host/host.ts';
import type { Git } from '../git.ts';
import type { Held } from '../held.ts';
import { type Manifest, signManifest } from '../manifest.ts';
import type { LeftOut, SaveOrder } from '../protocol.ts';
import { condense } from '../rescue-text.ts';
import type { Changes } from './changes.ts';
import type { Choice } from './choose.ts';
import { put, renderBlob, renderCommit, streamFiles, streamPack, type Taken, take } from './fast-import.ts';
import type { History } from './history.ts';
import type { Look } from './look-at-repository.ts';
import { type Refusals, whyRefused, workflows } from './refusals.ts';
import type { SavedMembers } from './saved-members.ts';
import type { Scan } from './secret-scan.ts';
import { type Undone, undoStaged } from './undo-staged.ts';

export interface Made {
  readonly manifest: string;
  readonly state: string;
  readonly work: string;
  readonly files: number;
  readonly bytes: number;
  readonly leftOut: readonly LeftOut[];
  /** What a manifest says of it. */
  readonly held: Held;
}

export interface MakeParts {
  readonly host: Pick<Host, 'now'>;
  readonly git: Git;
  readonly order: SaveOrder;
  readonly look: Look;
  readonly changes: Changes;
  readonly history: History;
  /** What the files were compared with: what is staged, or where that is not believed, a commit's tree. */
  readonly startTree: string;
  readonly choice: Choice;
  readonly notes: readonly string[];
  readonly newScan: () => Scan;
  readonly refusals: Refusals;
  readonly saved: SavedMembers;
}

const marks = { work: 1, state: 2, manifest: 3, first: 10 };

/** Makes the three commits of a place in our own git directory. */
export async function makeCommits(parts: MakeParts): Promise<Made> {
  const { git, history, choice, order } = parts;
  const taken: Taken = { lines: [], leftOut: [], bytes: 0 };
  const undone = await planUndone(parts);
  const kept = await workflowsBelow(parts);
  const ids = await importStream(git, content(parts, { taken, undone, kept }));
  const leftOut = [
    ...history.leftOut,
    ...choice.leftOut,
    ...taken.leftOut,
    ...undone.paths.flatMap((path) => refusedAt(parts, path)),
    ...parts.saved.leftOut,
  ];
  const made = { work: ids.get(marks.work) ?? '', state: ids.get(marks.state) ?? '' };
  const files = await countChanged(git, history.base, made.work);
  const held = holdOf(parts, { ...made, files });
  const manifest = planManifest(parts, held, leftOut);
  const signed = Buffer.from(signManifest(manifest, order.keys));
  const proof = await importStream(git, proving(parts, signed));
  return { ...made, manifest: proof.get(marks.manifest) ?? '', files, bytes: taken.bytes, leftOut, held };
}

function refusedAt({ refusals }: MakeParts, path: string): LeftOut[] {
  const why = whyRefused(refusals, { path, size: 0 });
  return why === null ? [] : [{ path, why }];
}

async function planUndone(parts: MakeParts): Promise<Undone> {
  const { git, history, startTree, refusals } = parts;
  if (history.dropped.size === 0 && refusals.files.size === 0) return { lines: [], paths: [] };
  const stays = (path: string, id: string) => history.dropped.has(id) || refusedAt(parts, path).length > 0;
  return undoStaged(git, { base: history.base, startTree, stays });
}

/** A commit built on one with workflows must not seem to remove them where they may not be touched. */
async function workflowsBelow({ git, history, refusals }: MakeParts): Promise<string[]> {
  if (history.base === null || !refusals.files.has(workflows)) return [];
  const path = workflows.slice(0, -1);
  const name = `${history.base}:${path}`;
  return (await git.succeeds(['cat-file', '-e', name]))
    ? [put('040000', await git.text(['rev-parse', name]), path)]
    : [];
}

/** @returns in how many files the working tree differs from the commit it stands on. */
async function countChanged(git: Git, base: string | null, work: string): Promise<number> {
  const from = base ?? (await git.text(['mktree']));
  const compare = ['diff-tree', '-r', '-z', '--no-renames', '--name-only', '--ignore-submodules=all'];
  return (await git.fields([...compare, from, work])).length;
}

/** @returns the ids of what the stream made, by mark. */
async function importStream(git: Git, stream: Iterable<Buffer>): Promise<Map<number, string>> {
  const path = `${git.place.gitDir}/marks`;
  await git.run(
    ['fast-import', '--quiet', '--done', '--force', '--date-format=raw', `--export-marks=${path}`],
    {
      input: inTurns(stream),
    },
  );
  const lines = readOctets(path)
    .toString('latin1')
    .split('\n')
    .map((line) => /^:(\d+) (.+)$/.exec(line));
  return new Map(lines.filter((match) => match !== null).map(([, mark, id = '']) => [Number(mark), id]));
}

async function* inTurns(stream: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* stream;
  yield Buffer.from('done\n');
}

function* content(
  parts: MakeParts,
  { taken, undone, kept }: { taken: Taken; undone: Undone; kept: readonly string[] },
): Generator<Buffer> {
  const { order, look, changes, history, startTree, choice, newScan } = parts;
  const state = [...look.state];
  let mark = marks.first;
  const lines: string[] = [...kept];
  if (history.indexSaved) {
    yield renderBlob(++mark, readOctets(changes.index));
    lines.push(put('100644', `:${mark}`, 'index'), put('040000', startTree, 'tree'));
    const conflicts = changes.entries.filter(({ stage }) => stage > 0);
    lines.push(...conflicts.map(({ mode, id, stage, path }) => put(mode, id, `unmerged/${stage}/${path}`)));
  }
  for (const [name, octets] of state) {
    const scan = newScan();
    scan.take(octets);
    const refused = whyRefused(parts.refusals, { path: `git/${name}`, size: octets.length });
    if (scan.found || refused !== null) {
      taken.leftOut.push({ path: `.git/${name}`, why: scan.found ? 'content' : (refused ?? 'rule') });
      continue;
    }
    yield renderBlob(++mark, octets);
    lines.push(put('100644', `:${mark}`, `git/${name}`));
  }
  for (const [path, file] of parts.saved.packs) {
    yield* streamPack(file, ++mark);
    lines.push(put('100644', `:${mark}`, path));
  }
  yield* streamFiles(order.folder, choice.take, { firstMark: mark, newScan, taken });
  const who = whoOf(parts);
  const parents = history.base === null ? [] : [history.base];
  const message = `Work in progress of the box ${order.box}\n`;
  const tree = [put('040000', startTree, ''), ...undone.lines, ...choice.gone.map(take), ...taken.lines];
  yield renderCommit({ mark: marks.work, who, message, parents, tree });
  const all = [`:${marks.work}`, ...new Set([...history.tips, ...parts.saved.tips])];
  yield renderCommit({ mark: marks.state, who, message, parents: all, tree: lines });
}

function* proving(parts: MakeParts, signed: Buffer): Generator<Buffer> {
  yield renderBlob(marks.first, signed);
  const tree = [put('100644', `:${marks.first}`, 'manifest.json')];
  const message = `What the box ${parts.order.box} has saved\n`;
  yield renderCommit({ mark: marks.manifest, who: whoOf(parts), message, parents: [], tree });
}

function whoOf({ host, order }: MakeParts): string {
  return `${order.author.name} <${order.author.email}> ${Math.floor(host.now() / 1000)} +0000`;
}

function holdOf({ look, history }: MakeParts, made: { work: string; state: string; files: number }): Held {
  const branch = look.head !== null && 'branch' in look.head ? look.head.branch : null;
  return {
    ...made,
    head: { branch, commit: history.base },
    refs: history.refs.filter(([name]) => name !== branch),
    stashes: history.stashes,
    index: history.indexSaved,
  };
}

function planManifest(
  { host, order, notes, saved }: MakeParts,
  held: Held,
  leftOut: readonly LeftOut[],
): Manifest {
  return {
    ...{ version: 1, box: order.box, repository: order.url, time: host.now(), ...held },
    members: saved.members,
    leftOut: condense(leftOut),
    notes,
  };
}
