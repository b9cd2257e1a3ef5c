import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { learnRefusals, nothingRefused, whyRefused } from '../../../src/rescue/agent/refusals.ts';
import type { Pushed, SaveOrder } from '../../../src/rescue/protocol.ts';
import { assertTrue, saidOf } from './truth.ts';
import { useWorlds, type World } from './world.ts';

/** A repository with a workflow and a fixture; one rescue is there. */
const world = useWorlds((box) => {
  box.write('.github/workflows/ci.yml', 'on: push\n');
  box.write('test/fixture.json', '{}\n');
  box.agent('add', '--all');
  box.agent('commit', '--quiet', '--message=More');
  box.agent('push', '--quiet', 'origin', 'main');
});

/** @param rules settings of the hook that refuses as github.com does. */
function forge(box: World, rules: Record<string, string>): void {
  for (const name of ['pre-receive', 'update']) {
    const hook = join(box.remote, 'hooks', name);
    copyFileSync(join(import.meta.dirname, '../../internet/refuse'), hook);
    chmodSync(hook, 0o755);
  }
  for (const [name, value] of Object.entries(rules)) box.git(box.remote, 'config', `refuse.${name}`, value);
}

async function saved(box: World, more: Partial<SaveOrder> = {}): Promise<Pushed> {
  const before = box.files();
  const report = await box.save(more);
  expect(report).toMatchObject({ kind: 'pushed', partial: true });
  assertTrue(box, report, before);
  return report as Pushed;
}

const commit = (box: World, message: string) => {
  box.agent('add', '--all');
  box.agent('commit', '--quiet', `--message=${message}`);
};

const token = 'known-to-the-scan-of-the-remote';

describe('what the remote does not take is left out and named, and the rest is saved', () => {
  test('workflows, changed and new, where the token may not change them: its own words reach the operator', async () => {
    const box = world();
    forge(box, { workflow: 'true' });
    box.write('.github/workflows/ci.yml', 'on: [push]\n');
    box.write('.github/workflows/new.yml', 'on: push\n');
    box.write('a.txt', 'changed\n');
    const report = await saved(box);
    expect(report.leftOut).toEqual([
      { path: '.github/workflows/ci.yml', why: 'workflow' },
      { path: '.github/workflows/new.yml', why: 'workflow' },
    ]);
    expect(report.refusal).toContain('refusing to allow a Personal Access Token');
    const { said, word } = saidOf(report);
    expect([said, word]).toEqual([
      expect.stringContaining('the remote said: refusing to allow'),
      'saved-in-part',
    ]);
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.files()).toMatchObject({
      'a.txt': 'file changed\n',
      '.github/workflows/ci.yml': 'file on: push\n',
    });
    expect(box.agent('status', '--porcelain').trim()).toBe('M a.txt');
  });

  test('a workflow that was removed stays, and the commits before the one that touches it are saved', async () => {
    const box = world();
    forge(box, { workflow: 'true' });
    box.write('one.txt', '1\n');
    commit(box, 'One');
    const one = box.agent('rev-parse', 'HEAD').trim();
    rmSync(join(box.folder, '.github/workflows/ci.yml'));
    commit(box, 'Two');
    box.write('three.txt', '3\n');
    commit(box, 'Three');
    const report = (await box.save()) as Pushed;
    expect(report).toMatchObject({ kind: 'pushed', partial: true, commits: 1 });
    expect(report.leftOut).toEqual([{ path: '.github/workflows/ci.yml', why: 'workflow' }]);
    expect(report.notes.join()).toContain(
      'The last 2 of the new commits of what is checked out are not saved: the remote does not take what they hold.',
    );
    await box.restore();
    expect(box.agent('rev-parse', 'HEAD').trim()).toBe(one);
    expect(box.files()).toMatchObject({
      'three.txt': 'file 3\n',
      '.github/workflows/ci.yml': 'file on: push\n',
    });
  });

  test('a file over its limit, and every other that is as large, at one go', async () => {
    const box = world();
    forge(box, { limit: String(1024 * 1024) });
    for (const name of ['large', 'larger', 'small'])
      box.write(name, 'x'.repeat(name === 'small' ? 9 : 1_100_000));
    box.write('committed', 'x'.repeat(1_200_000));
    box.agent('add', 'committed');
    box.agent('commit', '--quiet', '--message=Large');
    const { leftOut } = await saved(box);
    expect(leftOut.map(({ path, why }) => [path, why]).sort()).toEqual([
      ['committed', 'limit'],
      ['large', 'limit'],
      ['larger', 'limit'],
    ]);
    expect(box.saved('small')).toBe('x'.repeat(9));
  });

  test('a fixture that its secret scan knows, in a file, staged and in a commit that is clean by now', async () => {
    const box = world();
    forge(box, { scan: token });
    box.write('src/b.txt', `${token}\n`);
    commit(box, 'With it');
    box.write('src/b.txt', 'clean again\n');
    commit(box, 'Without it');
    box.write('test/fixture.json', `{"token": "${token}"}\n`);
    box.agent('add', 'test/fixture.json');
    box.write('a.txt', 'changed\n');
    const { leftOut, refusal } = await saved(box);
    expect(leftOut).toContainEqual({ path: 'test/fixture.json', why: 'scan' });
    expect(refusal).toContain('Push cannot contain secrets');
    expect([box.saved('src/b.txt'), box.saved('a.txt'), box.saved('test/fixture.json')]).toEqual([
      'clean again\n',
      'changed\n',
      '{}\n',
    ]);
  });

  test('many of them in one folder: the folder, before the tries are used up', async () => {
    const box = world();
    forge(box, { path: 'keys/?.txt' });
    for (const name of 'abcdefghijk') box.write(`keys/${name}.txt`, name);
    box.write('a.txt', 'changed\n');
    const { leftOut } = await saved(box);
    expect(leftOut).toHaveLength(11);
    expect(box.saved('a.txt')).toBe('changed\n');
  });

  test('a path that a rule of the remote restricts, in words nobody knows', async () => {
    const box = world();
    forge(box, { path: 'dist/*' });
    box.write('dist/app.js', 'x\n');
    box.write('a.txt', 'changed\n');
    expect((await saved(box)).leftOut).toEqual([{ path: 'dist/app.js', why: 'rule' }]);
  });

  test('nothing at all: the last rescue stays whole, and is not asked for more than a few times', async () => {
    const box = world();
    box.write('a.txt', 'first\n');
    await box.save();
    const first = box.files();
    forge(box, { path: '*' });
    box.write('a.txt', 'second\n');
    const before = box.commands.length;
    expect(await box.save()).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/^the repository rejected the push: .*is restricted/),
    });
    expect(box.commands.slice(before).filter(({ argv }) => argv.includes('push')).length).toBeLessThan(7);
    forge(box, { path: 'none' });
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.files()).toEqual(first);
  });
});

describe('a remote’s words', () => {
  const learn = (words: readonly string[], paths: readonly string[] = []) =>
    learnRefusals(nothingRefused, words, {
      paths: new Set(paths),
      own: ['f'.repeat(40)],
      bytes: 1000,
      tries: 0,
    });
  const file = (path: string, size = 0) => ({ path, size });

  test.each<[string, string[], string, string]>([
    [
      'of an OAuth app',
      [
        'refs/x: refusing to allow an OAuth App to create or update workflow `.github/workflows/x.yml` without `workflow` scope',
      ],
      '.github/workflows/other.yml',
      'workflow',
    ],
    [
      'of a GitHub App',
      [
        'refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml` without `workflows` permission',
      ],
      '.github/workflows/x.yml',
      'workflow',
    ],
    [
      'of a large file',
      ["error: File my dir/a b.bin is 123.45 MB; this exceeds GitHub's file size limit of 100.00 MB"],
      'my dir/a b.bin',
      'limit',
    ],
    [
      'of a scan, in a commit of ours',
      ['   - commit: ffffffffff', '     path: src/a b.ts:34'],
      'src/a b.ts',
      'scan',
    ],
    [
      'of an ending',
      ['error: GH013: Push rule violation - file extension .exe is not allowed'],
      'a/b.exe',
      'rule',
    ],
    [
      'of GitLab',
      ['GitLab: File name config/id.pem was prohibited by the pattern "\\.pem$".'],
      'config/id.pem',
      'rule',
    ],
  ])('%s', (_, words, path, why) => {
    const refusals = learn(words, [path]);
    expect(refusals && whyRefused(refusals, file(path))).toBe(why);
    expect(refusals && whyRefused(refusals, file('src/fine.ts'))).toBeNull();
  });

  test('tell the limit for one file, and that a push is too large', () => {
    const github = learn(["error: File a is 123.45 MB; this exceeds GitHub's file size limit of 100.00 MB"]);
    expect(github?.largest).toBe(100 * 1024 ** 2);
    expect(learn(['GitLab: one or more blobs which exceed the 50MiB limit:'])?.largest).toBe(50 * 1024 ** 2);
    expect(learn(['fatal: pack exceeds maximum allowed size'])?.most).toBe(500);
  });

  test('that tell nothing teach nothing', () => {
    for (const words of [['pre-receive hook declined'], ['no pushing on Sundays'], []])
      expect(learn(words)).toBeNull();
    expect(learn(['warning: File a is 60.00 MB; this is larger than the recommended maximum'])).toBeNull();
  });
});
