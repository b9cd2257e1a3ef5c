import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keyOf, type Manifest, signManifest } from '../../../src/rescue/manifest.ts';
import { placeOf } from '../../../src/rescue/rescue-refs.ts';
import { secret, useWorlds, type World } from './world.ts';

const world = useWorlds();

/** Everything a repository's configuration could have git run leaves a line behind. */
function arm(box: World): { ran: () => string; elsewhere: string } {
  const trap = join(box.root, 'trap');
  const ran = join(box.root, 'ran');
  const elsewhere = join(box.root, 'elsewhere.git');
  box.git(box.root, 'init', '--quiet', '--bare', elsewhere);
  writeFileSync(trap, `#!/bin/sh\necho "$0 $*" >>${ran}\ncat\n`);
  chmodSync(trap, 0o755);
  mkdirSync(join(box.folder, '.git/hooks'), { recursive: true });
  for (const hook of [
    'pre-push',
    'post-index-change',
    'reference-transaction',
    'post-checkout',
    'pre-commit',
    'fsmonitor-watchman',
  ]) {
    writeFileSync(join(box.folder, '.git/hooks', hook), `#!/bin/sh\necho ${hook} >>${ran}\n`);
    chmodSync(join(box.folder, '.git/hooks', hook), 0o755);
  }
  box.write('.gitattributes', '* filter=trap diff=trap merge=trap\n');
  box.write('.git/info/attributes', '* filter=trap\n');
  for (const [key, value] of [
    ['core.fsmonitor', trap],
    ['core.sshCommand', trap],
    ['core.pager', trap],
    ['core.editor', trap],
    ['core.alternateRefsCommand', trap],
    ['filter.trap.clean', trap],
    ['filter.trap.smudge', trap],
    ['filter.trap.process', trap],
    ['filter.trap.required', 'true'],
    ['diff.trap.textconv', trap],
    ['diff.external', trap],
    ['credential.helper', trap],
    ['core.askPass', trap],
    ['gpg.program', trap],
    ['commit.gpgSign', 'true'],
    ['push.gpgSign', 'true'],
    ['uploadpack.packObjectsHook', trap],
    ['remote.origin.receivepack', trap],
    [`url.file://${elsewhere}.insteadOf`, `file://${box.remote}`],
    [`url.file://${elsewhere}.pushInsteadOf`, `file://${box.remote}`],
    ['push.pushOption', 'forged'],
    ['push.recurseSubmodules', 'on-demand'],
    ['remote.origin.pushurl', `file://${elsewhere}`],
    ['core.worktree', '/'],
    ['include.path', join(box.root, 'included')],
  ] as const)
    box.git(box.folder, 'config', '--file', join(box.folder, '.git/config'), '--add', key, value);
  return { ran: () => (existsSync(ran) ? readFileSync(ran, 'utf8') : ''), elsewhere };
}

describe('a repository armed to the teeth', () => {
  test('has nothing run, and is saved where the operator said', async () => {
    const box = world();
    const { ran, elsewhere } = arm(box);
    box.write('a.txt', 'work\n');
    expect(await box.save()).toMatchObject({ kind: 'pushed' });
    expect(ran()).toBe('');
    expect(box.saved('a.txt')).toBe('work\n');
    expect(box.git(elsewhere, 'for-each-ref')).toBe('');
    // The same traps catch the agent's own git.
    box.git(box.folder, 'config', '--file', join(box.folder, '.git/config'), '--unset', 'core.worktree');
    box.agent('status');
    const unsigned = [
      '-c',
      'push.gpgSign=false',
      '-c',
      'push.pushOption=',
      '-c',
      'push.recurseSubmodules=no',
    ];
    box.agent(...unsigned, 'push', `file://${box.remote}`, 'HEAD:refs/heads/x');
    expect(ran()).toMatch(/trap/);
    expect(box.git(elsewhere, 'for-each-ref')).not.toBe('');
  });

  test('with work in an armed submodule has nothing run either', async () => {
    const box = world();
    const other = world();
    box.git(
      box.folder,
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      other.remote,
      'sub',
    );
    const trap = join(box.root, 'sub-ran');
    box.git(join(box.folder, 'sub'), 'config', 'filter.trap.clean', `touch ${trap}; cat`);
    box.write('sub/.gitattributes', '* filter=trap\n');
    // As long as before: only its content tells that it has changed.
    box.write('sub/a.txt', 'two\n');
    expect(await box.save()).toMatchObject({
      kind: 'pushed',
      notes: [expect.stringContaining('submodule sub')],
    });
    expect(existsSync(trap)).toBe(false);
    box.agent('status');
    expect(existsSync(trap)).toBe(true);
  });
});

describe('what stands in the box’s place is restored only if it is its own', () => {
  async function saved(): Promise<World> {
    const box = world();
    box.write('a.txt', 'mine\n');
    expect(await box.save()).toMatchObject({ kind: 'pushed' });
    return box;
  }

  /** Puts a manifest there as somebody who may push would. */
  function plant(box: World, text: string, place = placeOf(secret)): void {
    writeFileSync(join(box.root, 'manifest.json'), text);
    const blob = box.git(box.remote, 'hash-object', '-w', join(box.root, 'manifest.json')).trim();
    const index = { GIT_INDEX_FILE: join(box.root, 'planted') };
    const env = {
      ...process.env,
      ...index,
      GIT_AUTHOR_NAME: 'x',
      GIT_AUTHOR_EMAIL: 'x',
      GIT_COMMITTER_NAME: 'x',
      GIT_COMMITTER_EMAIL: 'x',
    };
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: box.remote, env, encoding: 'utf8' }).trim();
    git('update-index', '--add', '--cacheinfo', `100644,${blob},manifest.json`);
    const commit = git('commit-tree', '-m', 'x', git('write-tree'));
    git('update-ref', `refs/cloister/night/${place}/manifest`, commit);
    git('update-ref', `refs/cloister/night/${place}/state`, git('rev-parse', 'refs/heads/main'));
  }

  const manifestOf = (box: World): Manifest => {
    const text = box.git(
      box.remote,
      'cat-file',
      'blob',
      `refs/cloister/night/${placeOf(secret)}/manifest:manifest.json`,
    );
    return JSON.parse((JSON.parse(text) as { body: string }).body) as Manifest;
  };

  test.each([
    ['nothing like a manifest', () => 'noise'],
    ['a body with no MAC', (m: Manifest) => JSON.stringify({ body: JSON.stringify(m) })],
    ['a MAC of another operator’s', (m: Manifest) => signManifest(m, [keyOf('another secret')])],
    [
      'the MAC of another body',
      (m: Manifest) =>
        JSON.stringify({
          ...JSON.parse(signManifest(m, [keyOf(secret)])),
          body: JSON.stringify({ ...m, time: m.time + 1 }),
        }),
    ],
    ['an empty list of MACs', (m: Manifest) => JSON.stringify({ body: JSON.stringify(m), macs: [] })],
  ])('%s is refused with a sentence', async (_, text) => {
    const box = await saved();
    plant(box, text(manifestOf(box)));
    const clean = { 'a.txt': 'file one\n' };
    expect(await box.restore()).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(
        /^refs\/cloister\/night\/\S+: (it is no manifest|no secret of this box has signed it)$/,
      ),
    });
    expect(box.files()).toMatchObject(clean);
  });

  test.each([
    ['of another box', { box: 'day' }, 'it is of the box day'],
    ['of another repository', { repository: 'https://github.com/other/one' }, 'it is of another repository'],
    ['of a later version', { version: 2 as 1 }, 'another version of the box wrote it'],
  ])('one of this operator’s, but %s, as well', async (_, change, reason) => {
    const box = await saved();
    plant(box, signManifest({ ...manifestOf(box), ...change }, [keyOf(secret)]));
    expect(await box.restore()).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) });
  });

  test('a proven manifest whose state was replaced is refused', async () => {
    const box = await saved();
    box.git(box.remote, 'update-ref', `refs/cloister/night/${placeOf(secret)}/state`, 'refs/heads/main');
    box.git(box.remote, 'update-ref', '-d', `refs/cloister/night/${placeOf(secret)}/work`);
    box.git(box.remote, 'gc', '--quiet', '--prune=now');
    expect(await box.restore()).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('it is not what the box saved'),
    });
  });

  test('a planted place beside does not keep the box from its own', async () => {
    const box = await saved();
    plant(box, 'noise', 'ffffffff');
    plant(box, signManifest(manifestOf(box), [keyOf('other')]), 'eeeeeeee');
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.files()).toMatchObject({ 'a.txt': 'file mine\n' });
  });

  test('a name that is no place is not looked at', async () => {
    const box = await saved();
    for (const ref of box.remoteRefs()) box.git(box.remote, 'update-ref', '-d', ref);
    plant(box, 'noise', 'no-place/at/all');
    expect(await box.restore()).toEqual({ kind: 'none' });
  });

  test('after one of two secrets was changed the other proves it; after both nothing does', async () => {
    const box = world();
    box.write('a.txt', 'mine\n');
    await box.save({ keys: [keyOf('old token'), keyOf('kept secret')] });
    expect(await box.restore({ keys: [keyOf('new token'), keyOf('kept secret')] })).toMatchObject({
      kind: 'restored',
    });
    expect(await box.restore({ keys: [keyOf('new token'), keyOf('new secret')] })).toMatchObject({
      kind: 'refused',
    });
  });
});

test('a rescue is found among any number of others that a stranger planted', async () => {
  const box = world();
  box.write('a.txt', 'mine\n');
  await box.save();
  for (let at = 0; at < 40; at++) {
    const place = `refs/cloister/night/${at.toString(16).padStart(8, '0')}`;
    for (const part of ['manifest', 'state']) box.git(box.remote, 'update-ref', `${place}/${part}`, 'main');
  }
  expect(await box.restore()).toMatchObject({ kind: 'restored', place: placeOf(secret) });
});
