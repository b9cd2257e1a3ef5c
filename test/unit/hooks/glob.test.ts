import { expect, test } from 'vitest';
import { globPattern } from '../../../src/hooks/glob.ts';

test.each([
  ['*.ts', 'a.ts'],
  ['*.{ts,tsx}', 'a.tsx'],
  ['src/**/*.ts', 'src/a.ts'],
  ['src/**/*.ts', 'src/b/c/a.ts'],
  ['gen/**', 'gen/x/y'],
  ['?.md', 'a.md'],
  ['.prettierrc*', '.prettierrc.json'],
  ['a,b', 'a,b'],
  ['a+(b)[c]', 'a+(b)[c]'],
  ['{a,b', 'b'],
  ['a}', 'a}'],
  ['*.txt', 'new\nline.txt'],
])('%j matches %j', (pattern, path) => {
  expect(globPattern(pattern).test(path)).toBe(true);
});

test.each([
  ['*.ts', 'a.tsx'],
  ['*.ts', 'src/a.ts'],
  ['*.ts', 'ats'],
  ['?.md', '/.md.md'],
  ['src/*.ts', 'src/b/a.ts'],
])('%j does not match %j', (pattern, path) => {
  expect(globPattern(pattern).test(path)).toBe(false);
});
