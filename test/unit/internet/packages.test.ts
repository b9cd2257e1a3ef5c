import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { describePackage, packageTarball, packTarball } from '../../internet/packages.ts';

test('a tarball is one that tar reads, with its files below package/', () => {
  const tarball = packTarball({ 'a.txt': 'x'.repeat(600), 'b/c.txt': '' });
  const listed = execFileSync('tar', ['tzf', '-'], { input: tarball, encoding: 'utf8' });
  expect(listed).toBe('package/a.txt\npackage/b/c.txt\n');
  const text = execFileSync('tar', ['xzOf', '-', 'package/a.txt'], { input: tarball, encoding: 'utf8' });
  expect(text).toBe('x'.repeat(600));
});

test('a package is described by the sum of the tarball that is handed out', () => {
  const tarball = packageTarball('@cloister-demo/greeting/1.2.0') ?? Buffer.alloc(0);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  expect(describePackage('@cloister-demo/greeting')).toMatchObject({
    versions: { '1.2.0': { dist: { integrity } } },
  });
  expect(describePackage('@cloister-demo/other')).toBeUndefined();
  expect(packageTarball('@cloister-demo/greeting/1.0.0')).toBeUndefined();
});
