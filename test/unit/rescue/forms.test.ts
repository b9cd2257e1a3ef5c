import { describe, expect, test } from 'vitest';
import { parseRestoreReport, parseSaveReport } from '../../../src/rescue/init/parse-report.ts';
import { judgeManifest, keyOf, type Manifest, signManifest } from '../../../src/rescue/manifest.ts';
import { describeRestore, describeSave } from '../../../src/rescue/rescue-text.ts';

const id = 'a'.repeat(40);
const keys = [keyOf('the secret')];
const genuine: Manifest = {
  version: 1,
  box: 'night',
  repository: 'https://github.com/a/b',
  time: 1_795_280_948_269,
  state: id,
  work: id,
  head: { branch: 'refs/heads/größe', commit: id },
  refs: [['refs/heads/other', id]],
  stashes: [[id, 'WIP']],
  index: true,
  files: 1,
  members: [],
  leftOut: [{ path: '.env', why: 'name', more: 2 }],
  notes: ['Something.'],
};
const judge = (manifest: unknown) =>
  judgeManifest(signManifest(manifest as Manifest, keys), {
    keys,
    box: 'night',
    repository: genuine.repository,
  });

describe('a manifest that the agent has signed itself, for it has the secrets', () => {
  test('is believed where every part has its form', () => {
    expect(judge(genuine)).toEqual({ kind: 'own', manifest: genuine });
    expect(judge({ ...genuine, head: { branch: null, commit: id }, more: 'x' })).toEqual({
      kind: 'own',
      manifest: { ...genuine, head: { branch: null, commit: id } },
    });
  });

  test.each<[string, unknown]>([
    ['a time that is none', { time: 'never' }],
    ['a time beyond all dates', { time: 1e300 }],
    ['a count that is a terminal sequence', { files: '\u001b[31m' }],
    ['notes that are no list', { notes: 5 }],
    ['a note that is no text', { notes: [{}] }],
    ['a branch that is no text', { head: { branch: 5, commit: id } }],
    ['a branch elsewhere', { head: { branch: 'refs/remotes/x', commit: id } }],
    ['a branch with a line break', { head: { branch: 'refs/heads/a\nb', commit: id } }],
    ['no head', { head: null }],
    ['neither branch nor commit', { head: { branch: null, commit: null } }],
    ['a reference that ends a command', { refs: [['refs/heads/x\0\0delete refs/heads/main', id]] }],
    ['a reference that is an option', { refs: [['--help', id]] }],
    ['a reference to no commit', { refs: [['refs/heads/x', 'main']] }],
    ['half a stash', { stashes: [[id]] }],
    ['a state that is an option', { state: '--upload-pack=x' }],
    ['a reason that is none', { leftOut: [{ path: 'x', why: '\u001b[31m' }] }],
  ])('is refused with %s', (_, change) => {
    expect(judge({ ...genuine, ...(change as object) })).toEqual({
      kind: 'foreign',
      reason: 'it is signed, but is no manifest',
    });
  });
});

const restored = {
  kind: 'restored',
  place: '01234567',
  manifest: id,
  time: 1_795_280_948_269,
  branch: 'main',
  files: 1,
  notes: [],
};
const pushed = {
  kind: 'pushed',
  fingerprint: 'f',
  refs: { 'refs/cloister/box/01234567/work': id },
  branch: 'main',
  commits: 0,
  files: 1,
  bytes: 1,
  leftOut: [],
  notes: [],
  partial: false,
  refusal: '',
};

describe('what the rescue program answers', () => {
  test.each([
    'null',
    '[]',
    '5',
    '{}',
    'noise',
    JSON.stringify({ ...restored, time: 'never' }),
    JSON.stringify({ ...restored, notes: 5 }),
    JSON.stringify({ ...restored, files: '\u001b[31m' }),
    JSON.stringify({ ...restored, branch: {} }),
    JSON.stringify({ ...restored, place: '../x' }),
    JSON.stringify({ kind: 'own' }),
  ])('is no restore where it is %s', (text) => {
    expect(() => parseRestoreReport(text)).toThrow('no report');
  });

  test.each([
    { refs: { 'refs/cloister/box/x/work; id': id } },
    { refs: { 'refs/heads/main': id } },
    { refs: {} },
    { refs: { 'refs/cloister/box/x/work': 'main' } },
    { leftOut: [5] },
    { commits: '1' },
    { partial: 'no' },
  ])('is no rescue with %o', (change) => {
    expect(() => parseSaveReport(JSON.stringify({ ...pushed, ...change }))).toThrow('no report');
    expect(parseSaveReport(JSON.stringify(pushed))).toEqual(pushed);
  });

  test('is told in printable lines of a bounded length', () => {
    const hostile = `\u001b]0;x\u0007\u009b31m\u202e\nrescue      saved${'x'.repeat(100_000)}`;
    const notes = Array.from({ length: 1000 }, () => hostile);
    const said = [
      describeRestore(parseRestoreReport(JSON.stringify({ ...restored, notes }))),
      describeRestore(parseRestoreReport(JSON.stringify({ kind: 'refused', reason: hostile }))),
      describeSave(parseSaveReport(JSON.stringify({ kind: 'failed', reason: hostile })), {
        url: 'u',
        time: 0,
      }).said,
      describeSave(parseSaveReport(JSON.stringify({ ...pushed, notes })), { url: 'u', time: 0 }).said,
    ].join('');
    expect(said).toContain('saved');
    expect(said).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(said.length).toBeLessThan(300_000);
  });
});
