import { describe, expect, test } from 'vitest';
import { runLean } from '../../../src/host/children.ts';
import type { Command } from '../../../src/host/host.ts';
import { run } from '../../../src/host/run.ts';

const sh = (script: string, more: Partial<Command> = {}): Command => ({
  argv: ['/bin/sh', '-c', script],
  ...more,
});

/** Both ways to run a program keep one contract. */
describe.each([
  ['with execa', run],
  ['lean', runLean],
])('a command run %s', (_, runs) => {
  test('answers with what it said', async () => {
    const output = await runs(sh('cat; echo err >&2', { stdin: 'in' }));
    expect(output).toEqual({ code: 0, stdout: 'in', stderr: 'err\n' });
  });

  test('hands octets through as they are, in both directions', async () => {
    const { stdout } = await runs(sh('cat', { stdin: 'a\u00ff\0b', octets: true }));
    expect(stdout).toBe('a\u00ff\0b');
  });

  test('reads input as it is made, and tells output as it comes', async () => {
    const heard: Buffer[] = [];
    async function* made() {
      for (let count = 0; count < 40; count++) yield Buffer.alloc(100_000, count);
    }
    const { stdout } = await runs(
      sh('cat', { input: made(), onOutput: (octets) => void heard.push(octets) }),
    );
    expect([stdout, Buffer.concat(heard).length]).toEqual(['', 4_000_000]);
  });

  test('that does not read its input ends as it would', async () => {
    async function* made() {
      for (;;) yield Buffer.alloc(100_000);
    }
    await expect(runs(sh('exit 3', { input: made() }))).rejects.toMatchObject({ code: 3 });
  });

  test('inherits nothing of our environment', async () => {
    process.env.CLOISTER_TEST_SECRET = 'x';
    const { stdout } = await runs({ argv: ['/usr/bin/env'] });
    delete process.env.CLOISTER_TEST_SECRET;
    expect(stdout).toBe('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\n');
  });

  test('takes its arguments as they are: there is no shell', async () => {
    const { stdout } = await runs({ argv: ['/bin/echo', '$(id)', ';', '`id`'] });
    expect(stdout).toBe('$(id) ; `id`\n');
  });

  test('that fails names program and code and what it said, and none of its arguments', async () => {
    const failure = runs(sh('echo sorry >&2; exit 3 # github_pat_secret'));
    await expect(failure).rejects.toMatchObject({
      code: 3,
      message: expect.stringMatching(/^\/bin\/sh exited with 3: sorry$/),
    });
  });

  test('that is killed has 128 and the signal for its code', async () => {
    await expect(runs(sh('kill -9 $$'))).rejects.toMatchObject({
      code: 137,
      message: expect.stringContaining('SIGKILL'),
    });
  });

  test('that is not there is 127 or says it could not start', async () => {
    await expect(runs({ argv: ['/nowhere/program'] })).rejects.toThrow(/could not start/);
  });

  test('that takes too long is ended with all its children', async () => {
    const start = Date.now();
    await expect(runs(sh('sleep 30', { timeout: 100 }))).rejects.toThrow(/^\/bin\/sh took too long$/);
    expect(Date.now() - start).toBeLessThan(5000);
  });

  test('is ended with all its children by whoever holds its abort', async () => {
    const cut = new AbortController();
    const onProgress = () => cut.abort();
    await expect(runs(sh('echo on >&2; sleep 30', { onProgress, abort: cut.signal }))).rejects.toThrow(
      /^\/bin\/sh was (stopped|ended by SIGKILL)/,
    );
  });

  test('tells its progress line by line, also where lines end in carriage returns', async () => {
    const lines: string[] = [];
    await runs(sh("printf 'one\\ntwo\\n' >&2", { onProgress: (line) => lines.push(line) }));
    expect(lines).toEqual(['one', 'two']);
  });
});

describe('a program whose output somebody else holds when it has ended', () => {
  test('is over all the same, with what it said', async () => {
    const { stdout } = await runLean(sh('echo said; setsid sleep 30 & exit 0'));
    expect(stdout).toBe('said\n');
  });

  test('and that goes on writing into it is cut off where it is too much', async () => {
    const failure = runLean(sh('setsid sh -c "yes & echo \\$! >&2" & sleep 60'));
    await expect(failure).rejects.toThrow('said too much');
  });

  test('and that goes on writing into it, little by little, is cut off at the deadline', async () => {
    const failure = runLean(
      sh('setsid sh -c "while echo x; do sleep 0.1; done" & exit 0', { timeout: 2500 }),
    );
    await expect(failure).rejects.toThrow('took too long');
  });
});
