import { chmodSync, existsSync, mkdtempSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { uptime } from '../../../src/host/uptime.ts';
import type { Pushed } from '../../../src/rescue/protocol.ts';
import { explainRemote } from '../../../src/rescue/remote.ts';
import { placeOf } from '../../../src/rescue/rescue-refs.ts';
import { describeRestore, describeSave, printableName } from '../../../src/rescue/rescue-text.ts';
import { secret, useWorlds } from './world.ts';

const world = useWorlds();

describe('a rescue tells the truth', () => {
  test('of a push that was rejected', async () => {
    const box = world();
    box.write('a.txt', 'x\n');
    writeFileSync(
      join(box.remote, 'hooks/pre-receive'),
      '#!/bin/sh\necho "no pushing on Sundays" >&2\nexit 1\n',
    );
    chmodSync(join(box.remote, 'hooks/pre-receive'), 0o755);
    expect(await box.save()).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(
        /^the repository rejected the push: no pushing on Sundays \| pre-receive hook declined$/,
      ),
    });
    expect(box.remoteRefs()).toEqual([]);
  });

  test('of a remote that is gone', async () => {
    const box = world();
    box.write('a.txt', 'x\n');
    expect(await box.save({ url: 'file:///nowhere/at/all' })).toMatchObject({ kind: 'failed' });
    expect(await box.restore({ url: 'file:///nowhere/at/all' })).toMatchObject({ kind: 'failed' });
  });

  test('and leaves nothing of its own behind, nor what a killed one has left', async () => {
    const box = world();
    box.write('a.txt', 'x\n');
    const [old, recent] = ['old', 'recent'].map((name) => mkdtempSync(`/tmp/.cloister-rescue-${name}-`));
    utimesSync(old ?? '', 0, 0);
    expect(await box.save()).toMatchObject({ kind: 'pushed' });
    expect([existsSync(old ?? ''), existsSync(recent ?? '')]).toEqual([false, true]);
    rmdirSync(recent ?? '');
    const folders = box.commands
      .map(({ env }) => env?.GIT_DIR ?? '')
      .filter((path) => path.includes('cloister-rescue'));
    expect(folders.length).toBeGreaterThan(0);
    expect(folders.filter((path) => existsSync(path))).toEqual([]);
  });

  test('of a deadline that has passed', async () => {
    const box = world();
    box.write('a.txt', 'x\n');
    expect(await box.save({ deadline: uptime() - 1 })).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('took too long'),
    });
  });

  test('of a folder with nothing in it, or none at all', async () => {
    const box = world();
    const empty = mkdtempSync(join(box.root, 'empty-'));
    for (const folder of [empty, join(box.root, 'absent')]) {
      const reason = `there is no file in ${folder}`;
      expect(await box.save({ folder })).toMatchObject({ kind: 'nothing', reason });
    }
  });

  test('of a place that is no folder, and so can’t be looked into', async () => {
    const box = world();
    expect(await box.save({ folder: join(box.folder, 'a.txt') })).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('a.txt cannot be read'),
    });
  });

  test('of an empty repository in which nothing was done', async () => {
    expect(await world({ empty: true }).save()).toMatchObject({ kind: 'nothing' });
  });

  test('that nothing has changed since it was saved, until something does', async () => {
    const box = world();
    box.write('a.txt', 'x\n');
    box.write('new', 'x\n');
    const { fingerprint } = (await box.save()) as Pushed;
    const commands = box.commands.length;
    expect(await box.save({ last: fingerprint })).toEqual({ kind: 'unchanged' });
    expect(
      box.commands.slice(commands).some(({ argv }) => argv.includes('ls-remote') || argv.includes('push')),
    ).toBe(false);
    box.write('new', 'y\n');
    expect(await box.save({ last: fingerprint })).toMatchObject({ kind: 'pushed' });
  });

  test('that a clean clone needs none, and takes an old one away with it', async () => {
    const box = world();
    expect(await box.save()).toMatchObject({ kind: 'nothing' });
    box.write('a.txt', 'x\n');
    await box.save();
    expect(box.remoteRefs()).toHaveLength(3);
    box.agent('commit', '--quiet', '--all', '--message=Done');
    expect(await box.save(), 'committed is not pushed').toMatchObject({ kind: 'pushed', commits: 1 });
    box.agent('push', '--quiet', 'origin', 'main');
    expect(await box.save()).toMatchObject({ kind: 'nothing' });
    expect(box.remoteRefs()).toEqual([]);
  });

  test('of a branch of its own, although all of it is pushed: the next boot comes up on it', async () => {
    const box = world();
    box.agent('switch', '--quiet', '--create', 'topic');
    box.agent('push', '--quiet', 'origin', 'topic');
    expect(await box.save()).toMatchObject({ kind: 'pushed', branch: 'topic', commits: 0 });
    expect(await box.restore()).toMatchObject({ kind: 'restored', branch: 'topic' });
  });

  test('of another box of the same name that works at the same time: neither writes over the other', async () => {
    const box = world();
    box.write('a.txt', 'theirs\n');
    await box.save();
    const theirs = box.git(box.remote, 'rev-parse', `refs/cloister/night/${placeOf(secret)}/manifest`).trim();
    box.write('a.txt', 'ours\n');
    const report = (await box.save({ mine: [] })) as Pushed;
    expect(report.notes.join()).toContain('Give each a BOX_NAME of its own');
    expect(box.remoteRefs()).toHaveLength(6);
    expect(box.saved('a.txt')).toBe('theirs\n');
    await box.save({ mine: [theirs] });
    expect(box.saved('a.txt')).toBe('ours\n');
  });

  test('of thousands of files that stay behind, in a few words', async () => {
    const box = world();
    for (let at = 0; at < 3000; at++) box.write(`many/${'x'.repeat(100)}${at}`, '');
    box.write('a.txt', 'more\n');
    const report = (await box.save({ scope: 'tracked' })) as Pushed;
    expect(JSON.stringify(report).length).toBeLessThan(50_000);
    expect(describeSave(report, { url: 'u', time: 0 }).said).toContain(' and 2990 more');
  });

  test('and takes the place of one that stood elsewhere', async () => {
    const box = world();
    box.write('a.txt', 'x\n');
    await box.save({ place: '00000000' });
    await box.save({ former: ['00000000'] });
    expect(box.remoteRefs().every((ref) => ref.includes(placeOf(secret)))).toBe(true);
  });
});

describe('words', () => {
  test.each([
    [
      "/usr/bin/git exited with 128: fatal: unable to access 'https://github.com/x/': Could not resolve host: github.com",
      'the repository could not be reached',
    ],
    ['/usr/bin/git took too long', 'the repository could not be reached'],
    [
      "/usr/bin/git exited with 128: fatal: could not read Username for 'https://example.org': terminal prompts disabled",
      'asks for a credential',
    ],
    [
      '/usr/bin/git exited with 128: remote: Invalid username | fatal: Authentication failed for x',
      'refuses the credential',
    ],
    ['/usr/bin/git exited with 128: The requested URL returned error: 403', 'may not write'],
    ['/usr/bin/git exited with 1: ! [remote rejected] x -> y (hook declined)', 'rejected the push'],
    ['/usr/bin/git exited with 128: fatal: write error: No space left on device', 'no room'],
  ])('%s is explained', (said, meaning) => {
    expect(explainRemote(new Error(said))).toContain(meaning);
  });

  test('what git said and nobody knows is handed on as it is', () => {
    expect(explainRemote(new Error('fatal: odd'))).toBe('fatal: odd');
  });

  test('names are one line of harmless text, whatever their octets', () => {
    const latin1 = (text: string) => Buffer.from(text).toString('latin1');
    expect(printableName(latin1('ümläut'))).toBe('ümläut');
    expect(printableName('a\nb\x1b]52;c;x\x07')).toBe('a?b?]52;c;x?');
    expect(printableName(latin1('\u202egpj'))).toBe('?gpj');
    expect(printableName('a\xff\xfe')).toBe('a??');
    expect(printableName('x'.repeat(500))).toHaveLength(120);
  });

  test('what was saved is said with its place, how to get it, and what is missing', () => {
    const report: Pushed = {
      kind: 'pushed',
      fingerprint: '',
      refs: { 'refs/cloister/night/0a1b2c3d/manifest': 'm', 'refs/cloister/night/0a1b2c3d/work': 'w' },
      branch: 'topic',
      commits: 1,
      files: 2,
      bytes: 2_500_000,
      leftOut: Array.from({ length: 12 }, (_, at) => ({ path: `f${at}`, why: 'untracked' as const })),
      notes: ['A merge is half done; it is saved as it stands.'],
      partial: false,
      refusal: '',
    };
    const { level, event, said, fields } = describeSave(report, { url: 'https://github.com/a/b', time: 0 });
    expect([level, event]).toEqual(['warn', 'rescue.saved']);
    expect(said).toBe(
      'saved at 1970-01-01T00:00:00Z: 2 changed files and 1 new commit, 2.5 MB, on topic; by hand: git fetch https://github.com/a/b refs/cloister/night/0a1b2c3d/work; A merge is half done; it is saved as it stands.; left out (not tracked, and the repository is not known to be private): f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more',
    );
    expect(fields).toMatchObject({ ref: 'refs/cloister/night/0a1b2c3d/work', files: 2 });
    expect(describeSave({ ...report, leftOut: [], notes: [] }, { url: 'u', time: 0 }).level).toBe('info');
  });

  test('a failure is an error and says FAILED; no change says nothing new', () => {
    expect(describeSave({ kind: 'failed', reason: 'why' }, { url: 'u', time: 0 })).toMatchObject({
      level: 'error',
      said: expect.stringContaining('FAILED'),
    });
    expect(describeSave({ kind: 'unchanged' }, { url: 'u', time: 0 }).said).toBeNull();
  });

  test('a restore says from when it is, or why there is none', () => {
    expect(describeRestore({ kind: 'none' })).toBe('');
    expect(describeRestore({ kind: 'refused', reason: 'forged' })).toBe(
      'a rescue is there but was not restored: forged',
    );
    expect(
      describeRestore({
        kind: 'restored',
        place: 'x',
        manifest: 'm',
        time: 0,
        branch: null,
        files: 1,
        notes: [],
        partial: false,
      }),
    ).toBe('restored the work saved at 1970-01-01T00:00:00Z: 1 changed file, at no branch');
  });
});
