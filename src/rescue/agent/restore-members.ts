import { dirname } from 'node:path';
import { chainOf } from '../../core/errors.ts';
import { makeFolder, writeFile } from '../../host/agent-file-changes.ts';
import { namesIn, octetsOf, statOf } from '../../host/agent-files.ts';
import type { Host } from '../../host/host.ts';
import { Git } from '../git.ts';
import type { Manifest } from '../manifest.ts';
import type { Member } from '../member.ts';
import type { RestoreOrder } from '../protocol.ts';
import { findGitDir } from './git-folder.ts';
import { putBack } from './put-back.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { titleOf } from './survey-members.ts';

interface Parts {
  readonly host: Pick<Host, 'run' | 'now' | 'uptime'>;
  readonly order: RestoreOrder;
  /** Git in the clone. */
  readonly clone: Git;
  /** Git in our own directory, which changes no octet of a file. */
  readonly own: Git;
}

/** Puts back the working trees beside the repository's own.  @returns a sentence for each that could not be. */
export async function restoreMembers(parts: Parts, { state, members }: Manifest): Promise<string[]> {
  const notes: string[] = [];
  for (const [number, member] of members.entries()) {
    const restore =
      member.kind === 'worktree'
        ? restoreTree(parts, member)
        : restoreModule(parts, member, `${state}:members/${number}.pack`);
    await restore.catch((error: unknown) => {
      notes.push(`${titleOf(member)} could not be restored: ${chainOf(error)}.`);
    });
  }
  return notes;
}

/** A linked one, made by hand: it stands in the clone's draft now and in the clone's place later, and git knows but one. */
async function restoreTree({ host, order, clone, own }: Parts, member: Member): Promise<void> {
  const { folder, target } = order;
  const inside = !/^(\.\.\/|\/)/.test(member.path);
  const beside = member.path.startsWith('/')
    ? member.path
    : `${dirname(target)}/${member.path.slice('../'.length)}`;
  const at = inside ? `${folder}/${member.path}` : beside;
  const final = inside ? `${target}/${member.path}` : beside;
  assertEmpty(inside ? folder : dirname(target), at);
  const admin = `${clone.place.gitDir}/worktrees/${member.name}`;
  if (statOf(admin) !== null) throw new Error('another one has its name');
  makeFolder(admin);
  makeFolder(at);
  writeFile(`${admin}/commondir`, '../..\n');
  writeFile(`${admin}/gitdir`, octetsOf(`${final}/.git\n`));
  writeFile(`${at}/.git`, octetsOf(`gitdir: ${target}/.git/worktrees/${member.name}\n`));
  const { branch, commit } = member.head;
  const isThere = branch !== null && (await clone.succeeds(['show-ref', '--verify', '--quiet', branch]));
  writeFile(`${admin}/HEAD`, octetsOf(isThere || commit === null ? `ref: ${branch}\n` : `${commit}\n`));
  const place = { gitDir: admin, workTree: at };
  const tree = new Git(host, { ...order, place });
  const ownTree = new Git(host, { ...order, place: { gitDir: own.place.gitDir, workTree: at } });
  await putBack({ clone: tree, own: ownTree, held: member }, { isLinked: true });
}

/** A folder that is not empty is somebody's, and a link on the way leads elsewhere. */
function assertEmpty(root: string, path: string): void {
  if (namesIn(path).length > 0) throw new Error('something stands in its place');
  for (let at = path; at.length > root.length && at !== '/'; at = dirname(at))
    if (statOf(at)?.isSymbolicLink() === true) throw new Error('a link stands in its place');
}

async function restoreModule({ host, order, clone }: Parts, member: Member, pack: string): Promise<void> {
  const folder = `${order.folder}/${member.path}`;
  const gitDir = `${clone.place.gitDir}/modules/${member.name}`;
  const git = new Git(host, { ...order, place: { gitDir, workTree: folder } });
  assertEmpty(order.folder, folder);
  makeFolder(dirname(gitDir));
  makeFolder(folder);
  await git.run(['init', '--quiet']);
  await cloneInto(git, order, member);
  const { stdout } = await clone.run(['cat-file', 'blob', pack]);
  await git.run(['index-pack', '--stdin'], { stdin: stdout });
  for (const id of [member.state, member.work])
    await git.run(['rev-list', '--objects', '--quiet', '--max-count=1', id]);
  const found = findGitDir(folder);
  if ('damage' in found) throw new Error(found.damage);
  const scratch = makeScratch({ gitDir, commonDir: gitDir, sha256: member.state.length === 64 });
  try {
    const own = new Git(host, { ...order, place: { gitDir: scratch.folder, workTree: folder } });
    await putBack({ clone: git, own, held: member }, { isLinked: false });
  } finally {
    removeScratch(scratch.folder);
  }
}

/** As `git submodule` would have it: each knows the other by a path that stays the same where both are moved. */
async function cloneInto(
  git: Git,
  { folder, credential }: RestoreOrder,
  { name, path, url }: Member,
): Promise<void> {
  const { gitDir } = git.place;
  const up = path
    .split('/')
    .map(() => '..')
    .join('/');
  writeFile(`${folder}/${path}/.git`, octetsOf(`gitdir: ${up}/.git/modules/${name}\n`));
  const back = ['..', '..', ...name.split('/').map(() => '..'), path].join('/');
  for (const [key, value] of [
    ['core.worktree', back],
    ['remote.origin.url', url],
    ['remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*'],
  ] as const)
    await git.run(['config', key, value]);
  const voice = credential && url.startsWith('https://github.com/') ? ({ voice: 'operator' } as const) : {};
  await git.run(['fetch', '--quiet', '--no-auto-maintenance', '--recurse-submodules=no', 'origin'], voice);
  const owner = `${gitDir.slice(0, gitDir.lastIndexOf('/modules/'))}/config`;
  await git.run(['config', '--file', owner, `submodule.${name}.url`, url]);
  await git.run(['config', '--file', owner, `submodule.${name}.active`, 'true']);
}
