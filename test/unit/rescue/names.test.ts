import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Pushed } from '../../../src/rescue/protocol.ts';
import { assertTrue } from './truth.ts';
import { useWorlds, type World } from './world.ts';

const world = useWorlds();
const budget = 60_000;

type Put = (path: string) => void | Promise<void>;

const kinds: Record<string, Put> = {
  'a pipe': (path) => void execFileSync('mkfifo', [path]),
  'a socket': (path) => {
    const server = createServer();
    return new Promise((resolve) => server.listen(path, resolve).unref());
  },
  'a link to a pipe': (path) => {
    execFileSync('mkfifo', [`${path}.pipe`]);
    symlinkSync(`${path}.pipe`, path);
  },
  'a link to a device': (path) => symlinkSync('/dev/zero', path),
  'a link to itself': (path) => symlinkSync(path, path),
  'a folder': (path) => mkdirSync(path),
};

/** Names that git opens wherever it comes upon them in a working tree. */
const names = [
  '.gitignore',
  '.gitattributes',
  '.gitmodules',
  'src/.gitignore',
  'src/.gitattributes',
  'deep/er/.gitignore',
  'one/.git',
  'two/.git/HEAD',
  'three/.git/commondir',
  'four/.git/config',
  'five/.git/index',
];

async function put(box: World, name: string, kind: Put): Promise<void> {
  const path = join(box.folder, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  if (name.includes('/.git/')) box.git(dirname(dirname(path)), 'init', '--quiet');
  rmSync(path, { recursive: true, force: true });
  await kind(path);
}

describe('whatever has a name that git opens is not opened, and the work is saved', () => {
  test.each(Object.entries(kinds))('%s', { timeout: budget }, async (kind, make) => {
    const box = world();
    for (const name of names) await put(box, name, make);
    box.write('a.txt', 'changed\n');
    box.write('src/new.txt', 'new\n');
    box.write('one/x.txt', 'x\n');
    const before = box.files();
    const report = await box.save();
    assertTrue(box, report, before);
    expect(report).toMatchObject({ kind: 'pushed', partial: false });
    expect([box.saved('a.txt'), box.saved('src/new.txt')]).toEqual(['changed\n', 'new\n']);
    const { leftOut } = report as Pushed;
    if (kind === 'a pipe' || kind === 'a socket')
      expect(leftOut).toContainEqual({ path: 'src/.gitattributes', why: 'special' });
    await box.restore();
    expect(box.files()).toMatchObject({ 'a.txt': 'file changed\n', 'src/new.txt': 'file new\n' });
  });

  test('a folder of the name .git that is no repository, around work', async () => {
    const box = world();
    mkdirSync(join(box.folder, 'part/.git'), { recursive: true });
    box.write('part/work.txt', 'work\n');
    const report = await box.save();
    assertTrue(box, report, box.files());
    expect(box.saved('part/work.txt')).toBe('work\n');
  });
});

describe('files are left alone as git itself would', () => {
  const rules: Record<string, string> = {
    '.gitignore': '*.log\n/top\nbuild/\n!keep.log\n',
    'src/.gitignore': '*\n!.gitignore\n!kept\n',
    'docs/.gitignore': '/only-here\n*.tmp\n# no rule\n\\#odd\n',
    'venv/.gitignore': '*\n',
  };
  const files = [
    ...[
      'x.log',
      'keep.log',
      'top',
      'below/top',
      'build/x',
      'below/build/y',
      'build.txt',
      'src/kept',
      'src/not',
    ],
    ...[
      'docs/only-here',
      'docs/below/only-here',
      'docs/a.tmp',
      'docs/#odd',
      'venv/x',
      'a/b/c/keep.log',
      'a/b/x.log',
    ],
    ...['ex/cluded', ':colon', '*star', 'sp ace', 'new\nline'],
  ];

  test('under rules in many places', async () => {
    const box = world();
    for (const [path, text] of Object.entries(rules)) box.write(path, text);
    for (const path of files) box.write(path, path);
    box.write('.git/info/exclude', 'ex/\n');
    const git = box.agent('ls-files', '--others', '--exclude-standard', '-z').split('\0').filter(Boolean);
    await box.save();
    const saved = [...Object.keys(rules), ...files].filter((path) => box.saved(path) !== null);
    expect(saved.toSorted()).toEqual([...git, '.gitignore'].toSorted());
  });
});
