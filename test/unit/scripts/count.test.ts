import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('adds up passes and failures of both runners', () => {
  const folder = results({
    'unit.status': '1',
    'unit.json': vitest([
      ['passed', 'a'],
      ['failed', 'b'],
    ]),
    'container.status': '0',
    'container.tap': '1..2\nok 1 c\nok 2 d\n',
  });
  expect(count(folder)).toEqual({ last: '3 passed, 1 failed', status: 1 });
});

test('counts a skipped test as failed unless the list allows it', () => {
  const folder = results({
    'container.status': '0',
    'container.tap': '1..2\nok 1 listed # skip no such kernel\nok 2 unlisted # skip\n',
    'skips.txt': '# reason\nlisted\n',
  });
  expect(count(folder)).toEqual({ last: '0 passed, 1 failed', status: 1 });
});

test('counts a runner that crashed before naming a test as failed', () => {
  expect(count(results({ 'unit.status': '137' }))).toEqual({ last: '0 passed, 1 failed', status: 1 });
});

test('counts tests that were planned and never ran as a failure', () => {
  const folder = results({ 'attacks.status': '0', 'attacks.tap': '1..3\nok 1 a\n' });
  expect(count(folder)).toEqual({ last: '1 passed, 1 failed', status: 1 });
});

test('counts a test file that cannot be loaded as failed', () => {
  const suite = { status: 'failed', name: 'broken.test.ts', assertionResults: [] };
  const folder = results({ 'unit.status': '1', 'unit.json': JSON.stringify({ testResults: [suite] }) });
  expect(count(folder)).toEqual({ last: '0 passed, 1 failed', status: 1 });
});

test('tells a failure as unsteady when its whole file passed the second time, and only then', () => {
  const first = { 'container.status': '1', 'container.tap': '1..3\nok 1 a\nnot ok 2 b\nok 3 c\n' };
  const again = (tap: string, status = '0') =>
    count(results({ ...first, 'container-again.status': status, 'container-again.tap': tap }));
  expect(again('1..2\nok 1 b\nok 2 c\n')).toEqual({ last: '3 passed, 0 failed', status: 0 });
  expect(again('1..2\nnot ok 1 b\nok 2 c\n', '1')).toEqual({ last: '2 passed, 1 failed', status: 1 });
  expect(again('1..2\nok 1 b\n', '1')).toEqual({ last: '2 passed, 1 failed', status: 1 });
  expect(again('', '0')).toEqual({ last: '2 passed, 1 failed', status: 1 });
});

test('tells a file whose stage failed as unsteady when all of it passed the second time', () => {
  const first = { 'attacks.status': '1', 'attacks.tap': '1..3\nnot ok 1 setup_file failed\n' };
  const again = (tap: string) =>
    count(results({ ...first, 'attacks-again.status': '0', 'attacks-again.tap': tap }));
  expect(again('1..3\nok 1 a\nok 2 b\nok 3 c\n')).toEqual({ last: '3 passed, 0 failed', status: 0 });
  expect(again('1..3\nok 1 a\nok 2 b\n').status).toBe(1);
});

test('counts what was unsteady, and fails what was so in the run before', () => {
  const unsteady = () => ({
    'container.status': '1',
    'container.tap': '1..2\nok 1 a\nnot ok 2 b\n',
    'container-again.status': '0',
    'container-again.tap': '1..2\nok 1 a\nok 2 b\n',
  });
  const last = join(results({}), 'last', 'unsteady');
  const told = () => count(results(unsteady()), last);
  expect(told()).toEqual({ last: '2 passed, 0 failed', status: 0 });
  expect(readFileSync(last, 'utf8')).toBe('container: b\n');
  expect(told()).toEqual({ last: '1 passed, 1 failed', status: 1 });
  count(results({ 'container.status': '0', 'container.tap': '1..2\nok 1 a\nok 2 b\n' }), last);
  expect(told()).toEqual({ last: '2 passed, 0 failed', status: 0 });
});

test('passes when nothing failed, with a folder of tests empty', () => {
  const folder = results({ 'image.status': '0', 'unit.status': '0', 'unit.json': vitest([['passed', 'a']]) });
  expect(count(folder)).toEqual({ last: '1 passed, 0 failed', status: 0 });
});

function results(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'count-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function vitest(tests: [string, string][]): string {
  const assertionResults = tests.map(([status, fullName]) => ({ status, fullName }));
  return JSON.stringify({ testResults: [{ status: 'passed', name: 'x.test.ts', assertionResults }] });
}

function count(folder: string, ...last: string[]): { last: string | undefined; status: number | null } {
  const run = spawnSync(
    'node_modules/.bin/tsx',
    ['scripts/count.ts', folder, join(folder, 'skips.txt'), ...last],
    {
      encoding: 'utf8',
    },
  );
  return { last: run.stdout.trim().split('\n').at(-1), status: run.status };
}
