import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBounded } from '../../../src/host/read-bounded.ts';

const root = mkdtempSync(join(tmpdir(), 'bounded-'));
const at = (name: string) => join(root, name);
const socket = createServer();

beforeAll(async () => {
  execFileSync('/usr/bin/mkfifo', [at('pipe')]);
  symlinkSync(at('pipe'), at('link-to-pipe'));
  symlinkSync(at('loop'), at('loop'));
  symlinkSync('/dev/zero', at('link-to-zero'));
  mkdirSync(at('folder'));
  writeFileSync(at('disk'), '');
  truncateSync(at('disk'), 2 ** 30);
  writeFileSync(at('full'), 'x'.repeat(100_000));
  writeFileSync(at('over'), 'x'.repeat(100_001));
  writeFileSync(at('plain'), 'Zoë\n');
  symlinkSync(at('plain'), at('link'));
  await new Promise<void>((resolve) => void socket.listen(at('socket'), resolve));
});

afterAll(() => void socket.close());

describe('a file that an operator names', () => {
  test.each([
    ['a pipe nobody writes to', 'pipe', 'a pipe'],
    ['a link to one', 'link-to-pipe', 'a pipe'],
    ['a device without an end', '/dev/zero', 'a device'],
    ['a device without anything', '/dev/null', 'a device'],
    ['a link to a device', 'link-to-zero', 'a device'],
    ['a folder', 'folder', 'EISDIR'],
    ['a socket', 'socket', 'a socket'],
    ['a link to itself', 'loop', 'ELOOP'],
    ['a disk of a gigabyte', 'disk', 'larger than 100000'],
    ['one octet too many', 'over', 'larger than 100000'],
    ['nothing', 'nowhere', 'ENOENT'],
    ['a path below a file', 'plain/x', 'ENOTDIR'],
    ['a file of the kernel’s that is longer than it says', '/proc/kallsyms', 'larger than 100000'],
  ])('is refused at once where it is %s', (_, name, code) => {
    const path = name.startsWith('/') ? name : at(name);
    expect(() => readBounded(path, 100_000)).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ['plain', 'Zoë\n'],
    ['link', 'Zoë\n'],
    ['full', 'x'.repeat(100_000)],
  ])('is read whole where it is a file: %s', (name, text) => {
    expect(readBounded(at(name), 100_000)).toBe(text);
  });

  test('is read although its file system tells no size', () => {
    expect(readBounded('/proc/self/status', 100_000)).toContain('Name:');
  });
});
