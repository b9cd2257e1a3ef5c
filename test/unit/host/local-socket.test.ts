import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ask, serve } from '../../../src/host/local-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'cloister-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a local socket', () => {
  const path = join(folder, 'control.sock');
  serve(path, async (line) => {
    if (line === 'fail') throw new Error('on purpose');
    return `heard ${line}`;
  });

  test('answers one line with another, and is its owner’s alone', async () => {
    expect(await ask(path, 'hello')).toBe('heard hello');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('answers many at once', async () => {
    const lines = Array.from({ length: 10 }, (_, index) => `n${index}`);
    expect(await Promise.all(lines.map((line) => ask(path, line)))).toEqual(
      lines.map((line) => `heard ${line}`),
    );
  });

  test('hangs up on a line without end, and goes on', async () => {
    await expect(ask(path, 'x'.repeat(100_000))).rejects.toThrow();
    expect(await ask(path, 'hello')).toBe('heard hello');
  });

  test('hangs up where there is no answer, and goes on', async () => {
    await expect(ask(path, 'fail')).rejects.toThrow('hung up');
    expect(await ask(path, 'hello')).toBe('heard hello');
  });

  test('survives a client that leaves before its answer', async () => {
    const socket = connect({ path });
    socket.write('hello\n', () => socket.destroy());
    await new Promise((resolve) => socket.on('close', resolve));
    expect(await ask(path, 'hello')).toBe('heard hello');
  });

  test('takes the place of one that a dead program left', async () => {
    const left = join(folder, 'left.sock');
    serve(left, async () => 'old');
    serve(left, async () => 'new');
    expect(await ask(left, 'who')).toBe('new');
  });

  test('that is not there is an error', async () => {
    await expect(ask(join(folder, 'nowhere.sock'), 'hello')).rejects.toThrow('ENOENT');
  });
});
