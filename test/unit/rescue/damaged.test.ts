import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Pushed } from '../../../src/rescue/protocol.ts';
import { placeOf } from '../../../src/rescue/rescue-refs.ts';
import { assertTrue } from './truth.ts';
import { secret, useWorlds, type World } from './world.ts';

const world = useWorlds(work);
/** Milliseconds a rescue has here: whoever waits for a pipe uses them up, and has failed. */
const budget = 60_000;

/** An agent at work: one commit of its own, files changed, new and removed, one staged. */
function work(box: World): void {
  box.write('committed.txt', 'committed\n');
  box.agent('add', '--all');
  box.agent('commit', '--quiet', '--message=Own');
  box.write('staged.txt', 'staged\n');
  box.agent('add', 'staged.txt');
  box.write('a.txt', 'changed\n');
  box.write('new/c.txt', 'new\n');
  box.write('ignored/d.txt', 'ignored\n');
  rmSync(join(box.folder, 'src/b.txt'));
}

type Harm = (git: string, box: World) => void;

const sh =
  (script: string): Harm =>
  (git) =>
    void execFileSync('sh', ['-c', script], { cwd: git });

/** Where the object of a name stands, loose. */
function looseOf(box: World, name: string): string {
  const id = box.git(box.folder, 'rev-parse', name).trim();
  return join(box.folder, '.git/objects', id.slice(0, 2), id.slice(2));
}

function overwrite(path: string, text: string | Buffer): void {
  rmSync(path, { force: true });
  writeFileSync(path, text);
}

/** Of a git directory that can't be read as it is. */
const damages: Record<string, Harm> = {
  'an index of junk': (git) => overwrite(join(git, 'index'), 'junk'),
  'an index that begins well': (git) => overwrite(join(git, 'index'), 'DIRC noise'),
  'an index cut in half': (git) => truncateSync(join(git, 'index'), 150),
  'an empty index': (git) => overwrite(join(git, 'index'), ''),
  'no index': (git) => rmSync(join(git, 'index')),
  'a folder for an index': sh('rm index; mkdir index'),
  'a pipe for an index': sh('rm index; mkfifo index'),
  'a link to a device for an index': sh('rm index; ln -s /dev/zero index'),
  'a link to itself for an index': sh('rm index; ln -s index index'),
  'an index of a version to come': (git) =>
    overwrite(join(git, 'index'), Buffer.from('DIRC\0\0\0\x63\0\0\0\0')),
  'a newest commit that is empty': (_, box) => overwrite(looseOf(box, 'HEAD'), ''),
  'a newest commit that is gone': (_, box) => rmSync(looseOf(box, 'HEAD')),
  'a newest commit of junk': (_, box) => overwrite(looseOf(box, 'HEAD'), 'junk'),
  'a newest commit cut short': (_, box) => {
    const path = looseOf(box, 'HEAD');
    overwrite(path, readFileSync(path).subarray(0, 20));
  },
  'a pipe for its newest commit': (_, box) => {
    const path = looseOf(box, 'HEAD');
    rmSync(path);
    execFileSync('mkfifo', [path]);
  },
  'a newest tree that is empty': (_, box) => overwrite(looseOf(box, 'HEAD^{tree}'), ''),
  'a committed file that is empty': (_, box) => overwrite(looseOf(box, 'HEAD:committed.txt'), ''),
  'a staged file that is gone': (_, box) => rmSync(looseOf(box, ':staged.txt')),
  'an empty HEAD': (git) => overwrite(join(git, 'HEAD'), ''),
  'no HEAD': (git) => rmSync(join(git, 'HEAD')),
  'a HEAD of junk': (git) => overwrite(join(git, 'HEAD'), '\0\x01junk'),
  'a HEAD of megabytes': (git) => overwrite(join(git, 'HEAD'), Buffer.alloc(50_000_000, 'x')),
  'a HEAD that names a folder outside': (git) => overwrite(join(git, 'HEAD'), 'ref: ../../etc/passwd\n'),
  'a HEAD that names a commit nobody has': (git) => overwrite(join(git, 'HEAD'), `${'12'.repeat(20)}\n`),
  'a HEAD that leads to itself': sh('rm HEAD; ln -s HEAD HEAD'),
  'a HEAD that leads to a device': sh('rm HEAD; ln -s /dev/zero HEAD'),
  'a pipe for a HEAD': sh('rm HEAD; mkfifo HEAD'),
  'a branch that names nothing': (git) => overwrite(join(git, 'refs/heads/main'), ''),
  'a branch of junk': (git) => overwrite(join(git, 'refs/heads/main'), 'junk\n'),
  'a pipe for its branch': sh('rm refs/heads/main; mkfifo refs/heads/main'),
  'a list of references of junk': sh('rm -f refs/heads/main; head -c 3000 /dev/urandom >packed-refs'),
  'no references': sh('rm -r refs; rm -f packed-refs'),
  'a pipe for its references': sh('rm -r refs; mkfifo refs'),
  'no objects': (git) => rmSync(join(git, 'objects'), { recursive: true }),
  'a file for its objects': sh('rm -r objects; echo >objects'),
  'packs of junk': (git, box) => {
    box.git(box.folder, 'repack', '-adq');
    for (const name of readdirSync(join(git, 'objects/pack')))
      overwrite(join(git, 'objects/pack', name), 'junk');
  },
  'pipes for packs': (git, box) => {
    box.git(box.folder, 'repack', '-adq');
    for (const name of readdirSync(join(git, 'objects/pack')))
      execFileSync('sh', ['-c', `rm -f ${name}; mkfifo ${name}`], { cwd: join(git, 'objects/pack') });
  },
  'no .git': (git) => rmSync(git, { recursive: true }),
  'an empty folder for a .git': (git) => {
    rmSync(git, { recursive: true });
    mkdirSync(git);
  },
  'a .git that is a file of junk': (git) => {
    rmSync(git, { recursive: true });
    writeFileSync(git, 'junk');
  },
  'a .git that leads nowhere': (git) => {
    rmSync(git, { recursive: true });
    writeFileSync(git, 'gitdir: /nowhere/at/all\n');
  },
  'a .git that is a dangling link': (git) => {
    rmSync(git, { recursive: true });
    symlinkSync('/nowhere/at/all', git);
  },
  'a .git that leads to its own working tree': (git) => {
    rmSync(git, { recursive: true });
    symlinkSync('.', git);
  },
  'a pipe for a .git': sh('cd ..; rm -r .git; mkfifo .git'),
  'references in a form of their own': (git) => mkdirSync(join(git, 'reftable')),
};

/** Of one that is odd, and can be read all the same: nothing is lost, not even what is staged. */
const oddities: Record<string, Harm> = {
  'a lock left on the index': (git) => writeFileSync(join(git, 'index.lock'), ''),
  'a lock left on HEAD and its branch': sh(
    'touch HEAD.lock refs/heads/main.lock packed-refs.lock config.lock',
  ),
  'a configuration of junk': (git) => overwrite(join(git, 'config'), '[[[junk'),
  'a configuration that includes itself': (git) =>
    overwrite(join(git, 'config'), `[include]\n\tpath = ${git}/config\n`),
  'no configuration': (git) => rmSync(join(git, 'config')),
  'a pipe for a configuration': sh('rm config; mkfifo config'),
  'a pipe for its own ignored files': sh('rm -f info/exclude; mkfifo info/exclude'),
  'a pipe for its own attributes': sh('rm -f info/attributes; mkfifo info/attributes'),
  'a pipe for objects elsewhere': sh('mkfifo objects/info/alternates'),
  'objects elsewhere that are nowhere': (git) =>
    writeFileSync(join(git, 'objects/info/alternates'), '/nowhere\n'),
  'objects elsewhere that are here': (git) =>
    writeFileSync(join(git, 'objects/info/alternates'), `${git}/objects\n.\n`),
  'all its objects elsewhere': (git, box) => {
    renameSync(join(git, 'objects'), join(box.root, 'elsewhere'));
    mkdirSync(join(git, 'objects/info'), { recursive: true });
    writeFileSync(join(git, 'objects/info/alternates'), `${join(box.root, 'elsewhere')}\n`);
  },
  'pipes among its packs and objects': sh(
    'mkdir -p objects/00 objects/pack; mkfifo objects/pack/pack-1.idx objects/pack/pack-1.pack objects/pack/multi-pack-index objects/00/0123456789012345678901234567890123456',
  ),
  'a pipe for a graph of commits': sh(
    'mkdir -p objects/info/commit-graphs; mkfifo objects/info/commit-graph objects/info/commit-graphs/commit-graph-chain',
  ),
  'a pipe for another branch': sh('mkfifo refs/heads/x; mkdir refs/tags/y; mkfifo refs/tags/y/z'),
  'a pipe for the log': sh('rm -rf logs; mkdir -p logs/refs; mkfifo logs/HEAD logs/refs/stash'),
  'a pipe for where history ends': sh('mkfifo shallow'),
  'an end of history of junk': (git) => writeFileSync(join(git, 'shallow'), 'junk\n'),
  'pipes for what is half done': sh(
    'mkfifo MERGE_HEAD ORIG_HEAD CHERRY_PICK_HEAD; mkdir rebase-merge; mkfifo rebase-merge/done',
  ),
  'a .git that says where it is': (git, box) => {
    cpSync(git, join(box.root, 'elsewhere'), { recursive: true });
    rmSync(git, { recursive: true });
    writeFileSync(git, `gitdir: ${join(box.root, 'elsewhere')}\n`);
  },
  'a .git that is a link': (git, box) => {
    renameSync(git, join(box.root, 'elsewhere'));
    symlinkSync('../elsewhere', git);
  },
  'a HEAD that is a link to its branch': sh('rm HEAD; ln -s refs/heads/main HEAD'),
  'a branch that is junk beside its own': (git) => writeFileSync(join(git, 'refs/heads/other'), 'junk\n'),
  'a reference that names itself': (git) =>
    writeFileSync(join(git, 'refs/heads/loop'), 'ref: refs/heads/loop\n'),
};

async function saveHarmed(box: World, harm: Harm): Promise<Pushed> {
  harm(join(box.folder, '.git'), box);
  const before = box.files();
  const report = await box.save();
  assertTrue(box, report, before);
  expect(report).toMatchObject({ kind: 'pushed' });
  expect(box.files(), 'saving touches nothing').toEqual(before);
  return report as Pushed;
}

describe('an intact tree is not lost to a git directory with', () => {
  test.each(Object.entries(damages))('%s', { timeout: budget }, async (name, harm) => {
    const box = world();
    const report = await saveHarmed(box, harm);
    expect(report.partial).toBe(true);
    expect(report.notes.join()).toContain('The git directory could not be read as it is');
    // Who only lost his index keeps his commits.
    if (/(^| )index/.test(name)) expect(report.commits).toBe(1);
    expect(await box.save({ last: report.fingerprint })).toEqual({ kind: 'unchanged' });
    const wanted = box.files();
    const restored = await box.restore();
    expect(restored).toMatchObject({ kind: 'restored', notes: expect.arrayContaining([report.notes[0]]) });
    expect(box.files()).toEqual(wanted);
    expect(box.git(box.folder, 'fsck', '--connectivity-only', '--no-dangling')).toBe('');
  });
});

describe('all is saved, and comes back as it was, beside', () => {
  test.each(Object.entries(oddities))('%s', { timeout: budget }, async (_, harm) => {
    const box = world();
    const report = await saveHarmed(box, harm);
    expect([report.partial, report.commits]).toEqual([false, 1]);
    const wanted = box.files();
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.files()).toEqual(wanted);
    expect(box.git(box.folder, 'diff', '--cached', '--name-only')).toBe('staged.txt\n');
  });
});

test('the last rescue that was whole stays beside one of files alone, until all can be saved again', async () => {
  const box = world();
  const own = placeOf(secret);
  const beside = `${own}-22222222`;
  const manifestsOf = ({ refs }: Pushed) =>
    Object.entries(refs).flatMap(([ref, id]) => (ref.endsWith('/manifest') ? [id] : []));
  const mine = manifestsOf((await box.save()) as Pushed);
  const head = join(box.folder, '.git/HEAD');
  const before = readFileSync(head);
  writeFileSync(head, 'junk');
  box.write('new/c.txt', 'later\n');
  const files = (await box.save({ mine, beside })) as Pushed;
  expect(Object.keys(files.refs)).toEqual(expect.arrayContaining([`refs/cloister/night/${beside}/work`]));
  expect(box.saved('new/c.txt'), 'as it was').toBe('new\n');
  writeFileSync(head, before);
  await box.save({ mine: [...mine, ...manifestsOf(files)], place: beside, former: [own] });
  expect(box.remoteRefs().filter((ref) => !ref.includes(beside))).toEqual([]);
  expect(await box.restore()).toMatchObject({ kind: 'restored', place: beside });
  expect(box.files()).toMatchObject({ 'new/c.txt': 'file later\n' });
});
