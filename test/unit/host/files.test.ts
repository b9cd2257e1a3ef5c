import { mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeFiles } from '../../../src/host/fake-files.ts';
import { realFiles } from '../../../src/host/files.ts';
import type { Files } from '../../../src/host/host.ts';

/** The same contract for the real files and for the fake ones, so that the fake cannot lie. */
describe.each<[string, () => { files: Files; root: string }]>([
  ['real', () => ({ files: realFiles, root: mkdtempSync(join(tmpdir(), 'files-')) })],
  ['fake', () => ({ files: new FakeFiles(() => {}), root: '/x' })],
])('%s files', (_, make) => {
  test('are read as they were written, with their mode', () => {
    const { files, root } = make();
    files.write(`${root}/a`, 'one', 0o640);
    files.write(`${root}/a`, 'two', 0o600);
    expect(files.read(`${root}/a`)).toBe('two');
    expect(files.facts(`${root}/a`)).toMatchObject({ kind: 'file', mode: 0o600 });
  });

  test('that are not there are null, or an error with a code', () => {
    const { files, root } = make();
    expect(files.readIfAny(`${root}/none`)).toBeNull();
    expect(files.facts(`${root}/none`)).toBeNull();
    expect(files.list(`${root}/none`)).toEqual([]);
    expect(() => files.read(`${root}/none`)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('stand in folders, are listed in order, grow, and go with their folder', () => {
    const { files, root } = make();
    files.ensureFolder(`${root}/d`, { mode: 0o750 });
    files.ensureFolder(`${root}/d`, { mode: 0o700 });
    files.append(`${root}/d/b`, '1');
    files.append(`${root}/d/b`, '2');
    files.write(`${root}/d/a`, '', 0o600);
    expect(files.list(`${root}/d`)).toEqual(['a', 'b']);
    expect(files.list(`${root}/d`, 1)).toHaveLength(1);
    expect(files.list(`${root}/d`, 9)).toEqual(['a', 'b']);
    expect(files.read(`${root}/d/b`)).toBe('12');
    expect(files.facts(`${root}/d`)).toMatchObject({ kind: 'folder', mode: 0o700 });
    expect(files.readIfAny(`${root}/d`)).toBeNull();
    files.remove(`${root}/d`);
    expect(files.facts(`${root}/d/a`)).toBeNull();
  });
});

describe('a write of root’s', () => {
  test('replaces a link the agent laid out, and never writes through it', () => {
    const root = mkdtempSync(join(tmpdir(), 'files-'));
    writeFileSync(join(root, 'victim'), 'untouched');
    for (const name of ['state.json', 'state.json.new']) symlinkSync(join(root, 'victim'), join(root, name));
    realFiles.write(join(root, 'state.json'), 'new', 0o644);
    expect(readFileSync(join(root, 'victim'), 'utf8')).toBe('untouched');
    expect(readFileSync(join(root, 'state.json'), 'utf8')).toBe('new');
    expect(statSync(join(root, 'state.json')).mode & 0o777).toBe(0o644);
  });
});

describe('a folder given away', () => {
  /** Root can give to anybody, everybody else to itself. */
  function whom(): { uid: number; gid: number } {
    const { uid, gid } = statSync(mkdtempSync(join(tmpdir(), 'own-')));
    return uid === 0 ? { uid: 1234, gid: 2345 } : { uid, gid };
  }

  test('changes owner and mode, and nothing below it does', () => {
    const root = mkdtempSync(join(tmpdir(), 'files-'));
    writeFileSync(join(root, 'below'), '', { mode: 0o600 });
    const before = statSync(join(root, 'below'));
    realFiles.give(root, { ...whom(), mode: 0o750 });
    expect(realFiles.facts(root)).toMatchObject({ ...whom(), mode: 0o750 });
    expect(statSync(join(root, 'below'))).toMatchObject({ uid: before.uid, mode: before.mode });
  });

  test('is never what a link in its place leads to', () => {
    const root = mkdtempSync(join(tmpdir(), 'files-'));
    mkdirSync(join(root, 'victim'), { mode: 0o700 });
    symlinkSync(join(root, 'victim'), join(root, 'link'));
    expect(() => realFiles.give(join(root, 'link'), { ...whom(), mode: 0o777 })).toThrow(/ENOTDIR|ELOOP/);
    expect(statSync(join(root, 'victim')).mode & 0o777).toBe(0o700);
  });
});
