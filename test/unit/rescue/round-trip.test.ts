import { chmodSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useWorlds, type World } from './world.ts';

const world = useWorlds();

/** What an agent may have left, and what is to come back whole. */
const works: Record<string, (box: World) => void> = {
  'a file changed, one new, one removed': (box) => {
    box.write('a.txt', 'changed\n');
    box.write('new/c.txt', 'three\n');
    unlinkSync(join(box.folder, 'src/b.txt'));
  },
  'some of it staged, and the staged changed again': (box) => {
    box.write('a.txt', 'staged\n');
    box.write('staged.txt', 'staged\n');
    box.agent('add', '--all');
    box.write('a.txt', 'changed again\n');
    unlinkSync(join(box.folder, 'staged.txt'));
  },
  'an intent to add': (box) => {
    box.write('later.txt', 'later\n');
    box.agent('add', '--intent-to-add', 'later.txt');
  },
  'commits on a branch of its own, and others': (box) => {
    box.agent('switch', '--quiet', '--create', 'topic/one');
    box.write('a.txt', 'committed\n');
    box.agent('commit', '--quiet', '--all', '--message=One');
    box.agent('branch', 'other');
    box.agent('tag', 'mark');
    box.agent('branch', '--delete', '--force', 'main');
    box.write('a.txt', 'and more\n');
  },
  'a branch that stands where the clone’s own would be a folder': (box) => {
    box.agent('branch', '--move', 'main', 'main/deep');
    box.write('a.txt', 'more\n');
  },
  'a detached head': (box) => {
    box.agent('checkout', '--quiet', '--detach');
    box.write('a.txt', 'detached\n');
    box.agent('commit', '--quiet', '--all', '--message=Detached');
  },
  'a merge half done, with conflicts': (box) => {
    conflict(box);
    box.agent('merge', 'theirs');
    box.write('beside.txt', 'untracked\n');
  },
  'a rebase half done': (box) => {
    conflict(box);
    box.agent('rebase', 'theirs');
  },
  'a cherry-pick half done': (box) => {
    conflict(box);
    box.agent('cherry-pick', 'theirs');
  },
  stashes: (box) => {
    box.write('a.txt', 'first\n');
    box.agent('stash', 'push', '--quiet', '--message=first');
    box.write('a.txt', 'second\n');
    box.write('new.txt', 'second\n');
    box.agent('stash', 'push', '--quiet', '--include-untracked', '--message=second');
  },
  'names and words beyond ASCII': (box) => {
    box.agent('switch', '--quiet', '--create', 'größe/日本');
    box.write('a.txt', 'first\n');
    box.agent('stash', 'push', '--quiet', '--message=später 🌙');
    box.write('a.txt', 'second\n');
  },
  'odd names, of octets that are no text': (box) => {
    for (const name of [
      'new\nline',
      'quo"te\\back',
      ' space ',
      '-dash',
      'tab\there',
      '*glob?[x]',
      'ümläut',
      '"',
      'a:b',
    ])
      box.write(name, name);
    box.write(Buffer.from([0x62, 0xff, 0xfe, 0x80]), 'no text\n');
    box.write(Buffer.from([0x64, 0xc3, 0x28, 0x2f, 0x78]), 'in a folder\n');
  },
  'links, programs, and a folder in the place of a file': (box) => {
    symlinkSync('/etc/passwd', join(box.folder, 'out'));
    symlinkSync('nowhere', join(box.folder, 'dangling'));
    chmodSync(join(box.folder, 'run.sh'), 0o755);
    unlinkSync(join(box.folder, 'a.txt'));
    box.write('a.txt/inside', 'x\n');
    unlinkSync(join(box.folder, 'src/b.txt'));
    rmdirSync(join(box.folder, 'src'));
    symlinkSync('/tmp', join(box.folder, 'src'));
  },
  'binary files, empty ones, and one of some megabytes': (box) => {
    box.write('binary', Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256)));
    box.write('empty', '');
    box.write('large', Buffer.alloc(5_000_000, 'cloister\n'));
  },
  'lines that end in two ways, under attributes that would change them': (box) => {
    box.write(
      '.gitattributes',
      '*.txt text eol=crlf ident\n*.u16 working-tree-encoding=UTF-16\n*.bin filter=none\n',
    );
    box.write('a.txt', 'one\r\ntwo\n$Id$\n');
    box.write('x.u16', Buffer.from('not in that encoding', 'latin1'));
    box.write('x.bin', 'bin\r\n');
  },
  'files marked as not to be looked at': (box) => {
    box.agent('update-index', '--assume-unchanged', 'a.txt');
    box.agent('update-index', '--skip-worktree', 'src/b.txt');
    box.write('a.txt', 'hidden change\n');
    box.write('src/b.txt', 'hidden as well\n');
  },
  'an index split in two': (box) => {
    box.agent('update-index', '--split-index');
    box.write('c.txt', 'staged\n');
    box.agent('add', 'c.txt');
  },
};

function conflict(box: World): void {
  box.agent('switch', '--quiet', '--create', 'theirs');
  box.write('a.txt', 'theirs\n');
  box.write('theirs.txt', 'theirs\n');
  box.agent('add', '--all');
  box.agent('commit', '--quiet', '--message=Theirs');
  box.agent('switch', '--quiet', 'main');
  box.write('a.txt', 'ours\n');
  box.agent('commit', '--quiet', '--all', '--message=Ours');
}

describe('what was saved comes back the same', () => {
  test.each(Object.entries(works))('%s', async (_, work) => {
    const box = world();
    work(box);
    const before = box.state();
    expect(await box.save()).toMatchObject({ kind: 'pushed' });
    expect(box.state(), 'saving touches nothing').toEqual(before);
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.state()).toEqual(before);
    box.agent('fsck', '--connectivity-only');
  });

  test('in a repository with no commit, staged and not', async () => {
    const box = world({ empty: true });
    box.write('staged.txt', 'one\n');
    box.agent('add', 'staged.txt');
    box.write('loose.txt', 'two\n');
    const before = box.state();
    expect(await box.save()).toMatchObject({ kind: 'pushed', commits: 0, files: 2 });
    expect(await box.restore()).toMatchObject({ kind: 'restored', branch: 'main' });
    expect(box.state()).toEqual(before);
  });

  test('again and again, over boots', async () => {
    const box = world();
    for (const round of ['first', 'second', 'third']) {
      box.write('a.txt', `${round}\n`);
      box.agent('commit', '--quiet', '--all', `--message=${round}`);
      box.write('b.txt', round);
      const before = box.state();
      expect(await box.save()).toMatchObject({ kind: 'pushed' });
      expect(await box.restore()).toMatchObject({ kind: 'restored' });
      expect(box.state()).toEqual(before);
    }
    expect(box.remoteRefs()).toHaveLength(3);
  });

  test('as it was, although the remote has moved on meanwhile', async () => {
    const box = world();
    box.write('a.txt', 'mine\n');
    box.agent('commit', '--quiet', '--all', '--message=Mine');
    const before = box.state();
    await box.save();
    box.git(
      box.remote,
      'update-ref',
      'refs/heads/main',
      box.git(box.remote, 'commit-tree', '-m', 'Theirs', 'main^{tree}', '-p', 'main').trim(),
    );
    expect(await box.restore()).toMatchObject({ kind: 'restored' });
    expect(box.state()).toEqual(before);
  });
});
