import { expect, test } from 'vitest';
import { fetchParts } from '../../../src/boot/repository-parts.ts';
import { CommandError } from '../../../src/host/command-error.ts';
import type { Output } from '../../../src/host/host.ts';

/** @param answers what programs say, by what their command line holds; an error's text makes one fail. */
async function parts(answers: readonly (readonly [RegExp, string | (() => string) | Error])[]) {
  const lines: string[] = [];
  const run = async (argv: readonly string[]): Promise<Output> => {
    const line = argv.join(' ').replace('/usr/bin/git -C /draft', 'git').replace('/usr/bin/', '');
    lines.push(line);
    const [, answer = ''] = answers.find(([pattern]) => pattern.test(line)) ?? [];
    const output = { code: 0, stdout: typeof answer === 'function' ? answer() : String(answer), stderr: '' };
    if (answer instanceof Error)
      throw new CommandError({ argv }, { ...output, code: 1, stderr: answer.message }, 'exited with 1');
    return output;
  };
  const lacks = await fetchParts(run, { folder: '/draft', timeout: 1, onProgress: () => {} });
  return { lacks, lines };
}

const id = 'a'.repeat(40);

test('a repository of plain files costs one question', async () => {
  const { lacks, lines } = await parts([]);
  expect(lacks).toEqual([]);
  expect(lines).toEqual(['git ls-files -z -- .gitmodules :(attr:filter=lfs)']);
});

test('each submodule is fetched for itself; one that a rescue has put there keeps its place', async () => {
  const { lacks, lines } = await parts([
    [/ls-files/, '.gitmodules\0'],
    [/submodule status/, `-${id} one\n-${id} with blank\n+${id} restored (heads/topic)\n`],
    [/-- one$/, new Error('fatal: unable to access: Could not resolve host: denied.test')],
  ]);
  expect(lines.slice(2)).toEqual([
    'git submodule update --init --recursive --progress -- one',
    'git submodule update --init --recursive --progress -- with blank',
    'git/restored submodule update --init --recursive --progress',
  ]);
  expect(lacks).toEqual([
    expect.stringMatching(/^Submodules are not there, one: .*denied\.test.*ALLOW_DOMAINS/),
  ]);
});

test('files of Git LFS are fetched, and named where they are pointers yet', async () => {
  const [list, pull] = [[/ls-files/, 'a.bin\0b.bin\0'], /lfs pull/] as const;
  let looks = 0;
  const come = await parts([list, [/^grep/, () => (looks++ === 0 ? 'a.bin\0' : '')]]);
  expect(come.lacks).toEqual([]);
  expect(come.lines.some((line) => pull.test(line))).toBe(true);
  const stay = await parts([
    list,
    [/^grep/, 'a.bin\0'],
    [pull, new Error("git: 'lfs' is not a git command")],
  ]);
  expect(stay.lacks).toEqual([
    'Files of Git LFS are pointers without their content, a.bin: this image has no git-lfs. Once it is allowed: git lfs pull.',
  ]);
  const none = await parts([list]);
  expect(none.lines.some((line) => pull.test(line))).toBe(false);
});
