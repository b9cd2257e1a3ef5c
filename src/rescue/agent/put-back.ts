import { dirname } from 'node:path';
import { makeFolder, removeEmptyFolder, removeFile, writeFile } from '../../host/agent-file-changes.ts';
import { octetsOf } from '../../host/agent-files.ts';
import type { Git } from '../git.ts';
import { stateFiles, stateFolders } from '../git-refs.ts';
import type { Held } from '../held.ts';

interface Parts {
  /** Git in the clone. */
  readonly clone: Git;
  /** Git in our own directory, which changes no octet of a file. */
  readonly own: Git;
  readonly held: Held;
}

/**
 * Makes branches, working tree, index and half-done work in a clean clone what they were.
 * @param options.isLinked it shares all but working tree, index and HEAD with another one.
 */
export async function putBack(parts: Parts, { isLinked }: { isLinked: boolean }): Promise<void> {
  const { clone, held } = parts;
  const tree = await treeOf(clone, `${held.state}:tree`);
  // Those of a linked working tree are the repository's, and there already.
  if (!isLinked) await putBranches(parts);
  // The tree of the index is checked out as anybody would; over it comes what differs, octet by octet.
  await clone.run(['read-tree', '--reset', '-u', tree]);
  await overlay(parts, tree);
  await putIndex(parts);
  await putState(parts);
  for (const [id, message] of held.stashes.toReversed()) {
    const text = Buffer.from(message, 'latin1').toString('utf8');
    await clone.run(['stash', 'store', '--quiet', '--message', text, id]);
  }
}

/** @returns the id of a tree, or of the empty one where there is none. */
async function treeOf(git: Git, name: string): Promise<string> {
  if (await git.succeeds(['cat-file', '-e', name])) return git.text(['rev-parse', name]);
  return git.text(['mktree']);
}

/** The agent's branches and no others: the clone's own could stand in the way of their names. */
async function putBranches({ clone, held }: Parts): Promise<void> {
  const { head, refs } = held;
  const gitDir = clone.place.gitDir;
  writeFile(`${gitDir}/HEAD`, `ref: refs/heads/${held.state}\n`);
  const there = (await clone.text(['for-each-ref', '--format=%(refname)', 'refs/heads/'])).split('\n');
  const remove = there.filter((name) => name !== '').map((name) => `delete ${name}\0\0`);
  if (remove.length > 0) await clone.run(['update-ref', '-z', '--stdin'], { stdin: remove.join('') });
  const tip = head.branch !== null && head.commit !== null ? [[head.branch, head.commit] as const] : [];
  const make = [...refs, ...tip].map(([name, id]) => `update ${name}\0${id}\0\0`);
  if (make.length > 0) await clone.run(['update-ref', '-z', '--stdin'], { stdin: make.join('') });
  writeFile(`${gitDir}/HEAD`, octetsOf(head.branch === null ? `${head.commit}\n` : `ref: ${head.branch}\n`));
  await followRemote(
    clone,
    [...refs, ...tip].map(([name]) => name),
  );
}

/** A branch that the remote has under the same name is pushed there, as after a checkout. */
async function followRemote(clone: Git, names: readonly string[]): Promise<void> {
  const remote = new Set(
    (await clone.text(['for-each-ref', '--format=%(refname)', 'refs/remotes/origin/'])).split('\n'),
  );
  for (const name of names.filter((one) => /^refs\/heads\/[\x21-\x7e]+$/.test(one)).slice(0, 50)) {
    const branch = name.slice('refs/heads/'.length);
    if (!remote.has(`refs/remotes/origin/${branch}`)) continue;
    await clone.run(['config', `branch.${branch}.remote`, 'origin']);
    await clone.run(['config', `branch.${branch}.merge`, name]);
  }
}

async function overlay({ clone, own, held }: Parts, tree: string): Promise<void> {
  const compare = ['diff-tree', '-r', '-z', '--no-renames', '--raw', tree, `${held.work}^{tree}`];
  const fields = await own.fields(compare);
  const changed: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = '', , id = '', status = ''] = (fields[at] ?? '').slice(1).split(' ');
    const path = fields[at + 1] ?? '';
    if (status === 'D') removeAt(clone.place.workTree, path);
    else if (mode !== '160000') changed.push(`${mode} ${id}\t${path}\0`);
  }
  if (changed.length === 0) return;
  const over = own.withIndex(`${own.place.gitDir}/index-${held.work}`);
  await over.run(['update-index', '-z', '--index-info'], { stdin: changed.join('') });
  await over.run(['checkout-index', '--all', '--force', '--quiet']);
}

function removeAt(folder: string, path: string): void {
  try {
    removeFile(`${folder}/${path}`);
    for (let at = dirname(path); at !== '.'; at = dirname(at)) removeEmptyFolder(`${folder}/${at}`);
  } catch {
    // The folder holds something else, or the file was never there.
  }
}

/** The very file the agent had; only the times of the files are looked up anew. */
async function putIndex({ clone, held }: Parts): Promise<void> {
  const path = `${clone.place.gitDir}/index`;
  if (held.index) {
    const { stdout } = await clone.run(['cat-file', 'blob', `${held.state}:index`]);
    writeFile(path, octetsOf(stdout));
  } else {
    await clone.run(['read-tree', held.head.commit ?? (await clone.text(['mktree']))]);
  }
  await clone.succeeds(['update-index', '-q', '--refresh']);
}

async function putState({ clone, held }: Parts): Promise<void> {
  const names = await clone.fields(['ls-tree', '-r', '-z', '--name-only', held.state]);
  for (const name of names.filter((one) => one.startsWith('git/')).map((one) => one.slice('git/'.length))) {
    const [first = ''] = name.split('/');
    if (!stateFiles.includes(name) && !stateFolders.includes(first)) continue;
    const { stdout } = await clone.run(['cat-file', 'blob', `${held.state}:git/${name}`]);
    const path = `${clone.place.gitDir}/${name}`;
    makeFolder(dirname(path));
    writeFile(path, octetsOf(stdout));
  }
}
