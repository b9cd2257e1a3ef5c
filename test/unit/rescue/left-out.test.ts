import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Pushed, SaveOrder } from '../../../src/rescue/protocol.ts';
import { secret, useWorlds, type World } from './world.ts';

const world = useWorlds();

async function pushed(box: World, more: Partial<SaveOrder> = {}): Promise<Pushed> {
  const report = await box.save(more);
  expect(report).toMatchObject({ kind: 'pushed' });
  return report as Pushed;
}

describe('what looks like a secret stays here', () => {
  test('files that are called so', async () => {
    const box = world();
    for (const name of ['.env', '.env.local', 'deep/id_rsa', 'tls.key', '.env.example', 'id_rsa.pub'])
      box.write(name, name);
    const { leftOut } = await pushed(box);
    expect(leftOut.map(({ path }) => path).sort()).toEqual(['.env', '.env.local', 'deep/id_rsa', 'tls.key']);
    expect(leftOut.every(({ why }) => why === 'name')).toBe(true);
    expect([box.saved('.env.example'), box.saved('tls.key')]).toEqual(['.env.example', null]);
  });

  test.each([
    ['as it is', secret],
    ['in base64, as git sends it', Buffer.from(`x-access-token:${secret}`).toString('base64')],
    ['across two pieces of a long file', `${'x'.repeat(1_048_576 - 20)}${secret}`],
  ])('files that hold one of the box, %s', async (_, text) => {
    const box = world();
    box.write('notes.md', `token: ${text}\n`);
    box.write('a.txt', `tracked: ${text}\n`);
    box.write('fine.md', 'fine\n');
    const { leftOut } = await pushed(box);
    expect(leftOut).toEqual([
      { path: 'a.txt', why: 'content' },
      { path: 'notes.md', why: 'content' },
    ]);
    // A tracked file stays as the index has it, which is what the remote knows.
    expect([box.saved('a.txt'), box.saved('notes.md'), box.saved('fine.md')]).toEqual([
      'one\n',
      null,
      'fine\n',
    ]);
    expect(box.remoteHolds(text)).toBe(false);
    box.agent('push', '--quiet', 'origin', 'main');
    expect(box.remoteHolds('fine')).toBe(true);
  });

  test('a private key of anybody', async () => {
    const box = world();
    box.write('x.txt', `-----BEGIN OPENSSH ${'PRIVATE'} KEY-----\nabc\n`);
    expect((await pushed(box)).leftOut).toEqual([{ path: 'x.txt', why: 'content' }]);
  });

  test('a link to one', async () => {
    const box = world();
    execFileSync('ln', ['-s', secret, join(box.folder, 'link')]);
    expect((await pushed(box)).leftOut).toEqual([{ path: 'link', why: 'content' }]);
    expect(box.remoteHolds(secret)).toBe(false);
  });

  test('commits that hold one, and all that is built on them; the rest is saved on what the remote has', async () => {
    const box = world();
    const base = box.agent('rev-parse', 'HEAD').trim();
    box.write('config.txt', `token ${secret}\n`);
    box.write('code.txt', 'code\n');
    box.agent('add', '--all');
    box.agent('commit', '--quiet', '--message=With it');
    box.write('a.txt', 'changed\n');
    const { leftOut, notes } = await pushed(box);
    expect(leftOut).toContainEqual({ path: 'config.txt', why: 'content' });
    expect(notes.join(' ')).toContain(
      'The new commits of what is checked out are not saved: they hold what looks like a secret.',
    );
    expect(box.remoteHolds(secret)).toBe(false);
    expect([box.saved('code.txt'), box.saved('a.txt'), box.saved('config.txt')]).toEqual([
      'code\n',
      'changed\n',
      null,
    ]);
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.agent('rev-parse', 'HEAD').trim()).toBe(base);
    expect(box.files()).toMatchObject({ 'code.txt': 'file code\n', 'a.txt': 'file changed\n' });
  });

  test.each([
    [
      'staged and changed again',
      (box: World) => {
        box.write('b.txt', secret);
        box.agent('add', 'b.txt');
        box.write('b.txt', 'harmless now\n');
      },
    ],
    [
      'in a stash',
      (box: World) => {
        box.write('a.txt', secret);
        box.agent('stash', 'push', '--quiet');
        box.write('b.txt', 'harmless now\n');
      },
    ],
    [
      'in the message of a commit',
      (box: World) => {
        box.write('b.txt', 'harmless now\n');
        box.agent('add', '--all');
        box.agent('commit', '--quiet', `--message=${secret}`);
      },
    ],
    [
      'on another branch',
      (box: World) => {
        box.agent('switch', '--quiet', '--create', 'other');
        box.write('a.txt', secret);
        box.agent('commit', '--quiet', '--all', '--message=Other');
        box.agent('switch', '--quiet', 'main');
        box.write('b.txt', 'harmless now\n');
      },
    ],
  ])('one %s', async (_, work) => {
    const box = world();
    work(box);
    const { notes } = await pushed(box);
    expect(notes.join(' ')).toMatch(/not saved/);
    expect(box.saved('b.txt')).toBe('harmless now\n');
    expect(box.remoteHolds(secret)).toBe(false);
  });

  test('also when the agent’s own remote-tracking branches say that the remote has it', async () => {
    const box = world();
    box.write('a.txt', secret);
    box.agent('commit', '--quiet', '--all', '--message=With it');
    box.agent('update-ref', 'refs/remotes/origin/main', 'HEAD');
    box.write('b.txt', 'fine\n');
    expect((await pushed(box)).notes.join(' ')).toMatch(/not saved/);
    expect(box.remoteHolds(secret)).toBe(false);
  });
});

describe('who may read the repository decides', () => {
  const asNobody =
    (answer: Error | null) =>
    ({ argv }: { argv: readonly string[] }) =>
      argv.includes('ls-remote') && !argv.some((arg) => arg.includes('libexec')) ? answer : null;
  const asks = new Error(
    "/usr/bin/git exited with 128: fatal: could not read Username for 'https://github.com': terminal prompts disabled",
  );

  test.each([
    ['of a public one only tracked files are saved', null, null],
    ['of a private one all', asks, 'new\n'],
    ['of one that could not be asked, only tracked files', new Error('/usr/bin/git took too long'), null],
  ])('%s', async (_, answer, saved) => {
    const box = world();
    box.instead = asNobody(answer);
    box.write('a.txt', 'tracked\n');
    box.write('new.txt', 'new\n');
    box.write('added.txt', 'added\n');
    box.agent('add', 'added.txt');
    const { leftOut } = await pushed(box, { scope: null, credential: true });
    expect([box.saved('a.txt'), box.saved('added.txt'), box.saved('new.txt')]).toEqual([
      'tracked\n',
      'added\n',
      saved,
    ]);
    expect(leftOut).toEqual(saved === null ? [{ path: 'new.txt', why: 'untracked' }] : []);
  });
});

describe('the size is bounded', () => {
  test('the largest files stay behind until the rest fits', async () => {
    const box = world();
    for (const [name, size] of [
      ['large', 3_000_000],
      ['middle', 2_000_000],
      ['small', 500_000],
    ] as const)
      box.write(name, Buffer.alloc(size, name));
    const { leftOut, bytes } = await pushed(box, { most: 2_600_000 });
    expect(leftOut).toEqual([{ path: 'large', why: 'size' }]);
    expect(bytes).toBe(2_500_000);
  });

  test('commits that do not fit stay behind as such, their small files are saved', async () => {
    const box = world();
    box.write('large', Buffer.alloc(3_000_000, 'large'));
    box.write('small', 'small\n');
    box.agent('add', '--all');
    box.agent('commit', '--quiet', '--message=Large');
    const { leftOut, notes } = await pushed(box, { most: 1_000_000 });
    expect(leftOut).toContainEqual({ path: 'large', why: 'size' });
    expect(notes.join(' ')).toContain('larger than RESCUE_SIZE allows');
    expect([box.saved('small'), box.saved('large')]).toEqual(['small\n', null]);
  });

  test('what the remote has does not count', async () => {
    const box = world();
    box.write('large', Buffer.alloc(3_000_000, 'large'));
    box.agent('add', '--all');
    box.agent('commit', '--quiet', '--message=Large');
    box.agent('push', '--quiet', 'origin', 'main');
    box.write('small', 'small\n');
    expect(await pushed(box, { most: 1_000_000 })).toMatchObject({ leftOut: [], commits: 0 });
  });
});

describe('what is no file of the repository is named', () => {
  test('a repository inside, a pipe', async () => {
    const box = world();
    box.git(box.root, 'init', '--quiet', join(box.folder, 'inner'));
    box.write('inner/x', 'x');
    mkdirSync(join(box.folder, 'empty'));
    execFileSync('mkfifo', [join(box.folder, 'pipe')]);
    box.write('a.txt', 'more\n');
    const { leftOut } = await pushed(box);
    expect(leftOut).toEqual([
      { path: 'pipe', why: 'special' },
      { path: 'inner/', why: 'nested' },
    ]);
  });

  test('a tracked file that is a pipe now stays as the index has it', async () => {
    const box = world();
    execFileSync('sh', ['-c', 'rm a.txt; mkfifo a.txt'], { cwd: box.folder });
    box.write('src/b.txt', 'x\n');
    expect((await pushed(box)).leftOut).toEqual([{ path: 'a.txt', why: 'special' }]);
    expect(box.saved('a.txt')).toBe('one\n');
  });

  test.each([
    ['a path 1,500 levels deep', 1500, 'd'],
    ['a path longer than a program takes', 300, 'a-long-name'],
  ])('%s, and what is above it is saved', { timeout: 60_000 }, async (_, levels, name) => {
    const box = world();
    box.write('a.txt', 'more\n');
    mkdirSync(join(box.folder, `${name}/`.repeat(levels)), { recursive: true });
    box.write(`${`${name}/`.repeat(10)}file`, '9\n');
    box.write(`${`${name}/`.repeat(levels)}file`, 'lost\n');
    const { leftOut, partial } = await pushed(box);
    expect(partial).toBe(true);
    expect(leftOut).toEqual([
      { path: expect.stringMatching(new RegExp(`^(${name}/)+.*[.]{3}$`)), why: 'deep' },
    ]);
    expect([box.saved('a.txt'), box.saved(`${`${name}/`.repeat(10)}file`)]).toEqual(['more\n', '9\n']);
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
  });
});
