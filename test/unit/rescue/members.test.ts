import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isWorktreePath, membersOf } from '../../../src/rescue/member.ts';
import type { Pushed } from '../../../src/rescue/protocol.ts';
import { secret, useWorlds, type World } from './world.ts';

const world = useWorlds();
const budget = 60_000;

/** All that a working tree has to bring back. */
function stateOf(box: World, folder: string): unknown {
  const git = (...args: string[]) => box.git(folder, ...args);
  return {
    head: git('rev-parse', '--symbolic-full-name', 'HEAD'),
    commit: git('rev-parse', 'HEAD'),
    stashes: git('stash', 'list', '--format=%gs'),
    status: git('status', '--porcelain=v2', '--untracked-files=all'),
    index: git('ls-files', '-s'),
    diff: git('diff', 'HEAD'),
  };
}

describe('linked working trees', () => {
  test('come back as they were: in the repository, beside it, at no branch, half way in a merge', {
    timeout: budget,
  }, async () => {
    const box = world();
    const inside = join(box.folder, '.claude/worktrees/inside');
    box.agent('worktree', 'add', '--quiet', '-b', 'inside', inside);
    box.agent('worktree', 'add', '--quiet', '--detach', join(box.root, 'beside'));
    const beside = join(box.root, 'beside');
    writeFileSync(join(inside, 'new.txt'), 'new\n');
    writeFileSync(join(inside, 'a.txt'), 'staged\n');
    box.git(inside, 'add', 'a.txt');
    rmSync(join(inside, 'src/b.txt'));
    writeFileSync(join(beside, 'a.txt'), 'beside\n');
    box.git(beside, 'commit', '--quiet', '--all', '--message=At no branch');
    writeFileSync(join(beside, 'run.sh'), 'not committed\n');
    const before = [inside, beside].map((folder) => stateOf(box, folder));
    const report = (await box.save()) as Pushed;
    expect(report).toMatchObject({ kind: 'pushed', leftOut: [], notes: [], files: 4 });
    rmSync(beside, { recursive: true });
    expect(await box.restore()).toMatchObject({ kind: 'restored', partial: false });
    const after = [join(box.folder, '.claude/worktrees/inside'), beside].map((folder) =>
      stateOf(box, folder),
    );
    expect(after).toEqual(before);
    expect(box.agent('worktree', 'list', '--porcelain').match(/^worktree /gm)).toHaveLength(3);
    expect(await box.save({ last: null })).toMatchObject({ kind: 'pushed', files: 4 });
  });

  test('are looked at for what has changed, and for secrets', { timeout: budget }, async () => {
    const box = world();
    const beside = join(box.root, 'beside');
    box.agent('worktree', 'add', '--quiet', '-b', 'beside', beside);
    writeFileSync(join(beside, 'a.txt'), 'one\nmore\n');
    writeFileSync(join(beside, 'b.txt'), secret);
    const first = (await box.save()) as Pushed;
    expect(first.leftOut).toEqual([{ path: '../beside/b.txt', why: 'content' }]);
    expect(box.remoteHolds(secret)).toBe(false);
    expect(await box.save({ last: first.fingerprint })).toEqual({ kind: 'unchanged' });
    writeFileSync(join(beside, 'a.txt'), 'again\n');
    expect(await box.save({ last: first.fingerprint })).toMatchObject({ kind: 'pushed' });
  });

  test('do not go where something stands already, and the rescue they are in is not written over', {
    timeout: budget,
  }, async () => {
    const box = world();
    const beside = join(box.root, 'beside');
    box.agent('worktree', 'add', '--quiet', '-b', 'beside', beside);
    writeFileSync(join(beside, 'new.txt'), 'new\n');
    await box.save();
    const report = await box.restore();
    expect(report).toMatchObject({
      kind: 'restored',
      partial: true,
      notes: ['The working tree ../beside could not be restored: something stands in its place.'],
    });
    rmSync(beside, { recursive: true });
    symlinkSync('/tmp', beside);
    expect(await box.restore()).toMatchObject({ partial: true });
  });

  test('that are gone, or belong to another repository, are none', async () => {
    const box = world();
    box.agent('worktree', 'add', '--quiet', '-b', 'gone', join(box.root, 'gone'));
    rmSync(join(box.root, 'gone'), { recursive: true });
    box.write('a.txt', 'x\n');
    expect(await box.save()).toMatchObject({ kind: 'pushed', notes: [], files: 1 });
  });
});

function addModule(box: World, other: World, name: string): string {
  const allow = ['-c', 'protocol.file.allow=always'];
  box.git(box.folder, ...allow, 'submodule', '--quiet', 'add', `file://${other.remote}`, name);
  return join(box.folder, name);
}

describe('submodules', () => {
  test('with work come back as they were; idle ones are left to a clone', { timeout: budget }, async () => {
    const [box, other] = [world(), world()];
    const names = ['idle', 'dirty', 'deep/committed'];
    const [, dirty = '', committed = ''] = names.map((name) => addModule(box, other, name));
    box.agent('commit', '--quiet', '--message=Modules');
    writeFileSync(join(dirty, 'a.txt'), 'changed\n');
    writeFileSync(join(dirty, 'new.txt'), 'new\n');
    writeFileSync(join(committed, 'x.txt'), 'x\n');
    box.git(committed, 'switch', '--quiet', '--create', 'topic');
    box.git(committed, 'add', '--all');
    box.git(committed, 'commit', '--quiet', '--message=x');
    const before = [dirty, committed].map((folder) => stateOf(box, folder));
    const report = (await box.save()) as Pushed;
    expect(report).toMatchObject({ kind: 'pushed', leftOut: [], notes: [] });
    expect(await box.restore(), 'the draft').toMatchObject({ kind: 'restored', partial: false });
    // As the boot moves the draft into its place.
    renameSync(box.folder, join(box.root, 'moved'));
    box.folder = join(box.root, 'moved');
    const after = ['dirty', 'deep/committed'].map((name) => stateOf(box, join(box.folder, name)));
    expect(after).toEqual(before);
    expect(box.agent('submodule', 'status')).toMatch(/^\+\w+ deep\/committed .*\n \w+ dirty .*\n-\w+ idle$/m);
  });

  test('that may be private do not go into a repository that may be public', {
    timeout: budget,
  }, async () => {
    const [box, other] = [world(), world()];
    const module = addModule(box, other, 'module');
    writeFileSync(join(module, 'a.txt'), 'private\n');
    box.instead = ({ argv }) =>
      argv.includes('ls-remote') && argv.includes(`file://${other.remote}`)
        ? new Error('/usr/bin/git exited with 128: could not read Username')
        : null;
    const { notes } = (await box.save({ scope: 'tracked' })) as Pushed;
    expect(notes).toEqual([
      'The submodule module has work of its own, which is not saved: it may be private, and the repository is not.',
    ]);
  });

  test('whose remote is gone at the next boot are named, and saved over by nobody', {
    timeout: budget,
  }, async () => {
    const [box, other] = [world(), world()];
    writeFileSync(join(addModule(box, other, 'module'), 'a.txt'), 'changed\n');
    await box.save();
    renameSync(other.remote, `${other.remote}.gone`);
    const report = await box.restore();
    expect(report).toMatchObject({ kind: 'restored', partial: true });
    expect(JSON.stringify(report)).toContain('The submodule module could not be restored');
    expect(existsSync(join(box.folder, '.gitmodules'))).toBe(true);
  });

  test('that take too long cost the repository nothing, and are named', { timeout: budget }, async () => {
    const [box, other] = [world(), world()];
    writeFileSync(join(addModule(box, other, 'module'), 'a.txt'), 'changed\n');
    box.write('a.txt', 'changed\n');
    box.instead = ({ argv }) =>
      argv.includes('pack-objects') ? new Error('/usr/bin/git took too long') : null;
    expect(await box.save()).toMatchObject({
      kind: 'pushed',
      partial: true,
      notes: [expect.stringMatching(/^The submodule module is not saved: /)],
    });
    expect(box.saved('a.txt')).toBe('changed\n');
  });

  test('that lead elsewhere by their own word have nothing run', { timeout: budget }, async () => {
    const [box, other] = [world(), world()];
    const module = addModule(box, other, 'module');
    const ran = join(box.root, 'ran');
    const config = join(box.folder, '.git/modules/module/config');
    for (const [key, value] of [
      ['remote.origin.url', `ext::sh -c "touch ${ran}"`],
      ['core.fsmonitor', `touch ${ran}`],
      ['include.path', '/dev/zero'],
    ] as const)
      execFileSync('git', ['config', '--file', config, '--replace-all', key, value]);
    writeFileSync(join(module, 'a.txt'), 'changed\n');
    const { notes } = (await box.save()) as Pushed;
    expect(notes.join()).toContain('The submodule module has work of its own, which is not saved');
    expect(existsSync(ran)).toBe(false);
  });
});

test('what a manifest says of them leads nowhere else', () => {
  const id = 'a'.repeat(40);
  const held = {
    state: id,
    work: id,
    head: { branch: null, commit: id },
    refs: [],
    stashes: [],
    index: true,
    files: 1,
  };
  const member = { ...held, kind: 'worktree', name: 'x', path: 'x', url: '' };
  expect(membersOf([member])).toEqual([member]);
  expect(membersOf(undefined)).toEqual([]);
  for (const change of [
    { name: '../x' },
    { name: 'a/.git/x' },
    { path: '/home/claude/.config' },
    { path: '../../x' },
    { path: 'a/../../x' },
    { path: '.git/hooks' },
    { path: '' },
    { kind: 'submodule', url: 'ext::sh' },
    { kind: 'submodule', url: '--upload-pack=x' },
    { kind: 'submodule', url: 'https://x/y', path: '../x' },
    { state: 'main' },
  ])
    expect(membersOf([{ ...member, ...change }]), JSON.stringify(change)).toBeNull();
  expect(membersOf(Array.from({ length: 50 }, () => member))).toBeNull();
  expect(['/tmp/x', '../x', 'a/b', '/etc/x', '/tmp/../x'].map(isWorktreePath)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
