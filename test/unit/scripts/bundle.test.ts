import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  const { status, stderr } = spawnSync('node_modules/.bin/tsx', ['scripts/bundle.ts', folder], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

function cloister(...args: string[]) {
  const program = [join(folder, 'cloister.mjs'), ...args];
  return spawnSync(process.execPath, program, { input: '{}', encoding: 'utf8', env: { PATH: '/usr/bin' } });
}

test.each(['hook', 'health', 'provision-home'])(
  '%s is one file, which imports nothing as it starts',
  (name) => {
    expect(readFileSync(join(folder, `${name}.mjs`), 'utf8')).not.toMatch(/^import /m);
  },
);

test('a program of its own answers as the whole would, faults included', () => {
  expect(cloister('hook', 'status-line')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('box'),
  });
  expect(cloister('hook', 'none').stdout).toBe('there is no hook "none"\n');
  expect(cloister('health', '--none')).toMatchObject({
    status: 78,
    stderr: expect.stringContaining('cloister health does not take "--none".'),
  });
});

test('every other command is there as well, and what is none is told', () => {
  expect(cloister('rules', '--none').stderr + cloister('status').stdout).not.toContain('There is no command');
  expect(cloister('constructor')).toMatchObject({
    status: 78,
    stderr: expect.stringContaining('There is no command "constructor".'),
  });
});

test('no program takes a module of Node’s as an import', () => {
  const { stdout } = spawnSync('grep', ['-rlE', 'from "(node:|fs|net|tls|crypto)', folder], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
});
