import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUpstream } from '../../../src/boot/fork-parent.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';

const agent = { uid: 1000, gid: 1000 };
const facts = 'rootfs/usr/local/libexec/cloister/repository-facts';

describe('what a repository was forked from', () => {
  const ask = (url: string, answer: string | Error) => {
    const machine = new FakeMachine();
    machine.prepare(/repository-facts /, answer instanceof Error ? answer : { stdout: answer });
    return findUpstream(machine.program(), { url, agent, environment: {} }).then((found) => ({
      found,
      machine,
    }));
  };
  const fork = JSON.stringify({ fork: true, parent: { full_name: 'up/stream' } });

  test('is asked for as the agent, by the repository’s name', async () => {
    const { found, machine } = await ask('https://github.com/me/stream', fork);
    expect(found).toBe('https://github.com/up/stream');
    expect(machine.commands[0]?.argv.slice(-2)).toEqual([
      expect.stringMatching(/repository-facts$/),
      'me/stream',
    ]);
    expect(machine.commands[0]?.argv).toContain('--reuid=1000');
  });

  test('is nothing where GitHub refuses, and nobody is asked about another host', async () => {
    expect((await ask('https://github.com/me/x', new Error('curl exited with 22'))).found).toBeNull();
    const { found, machine } = await ask('https://evil.test/me/x', fork);
    expect([found, machine.commands]).toEqual([null, []]);
  });
});

describe('the program that asks', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'facts-'));
    writeFileSync(join(folder, 'curl'), '#!/bin/sh\nprintf "%s\\n" "$@"\necho stdin:\ncat\n');
    chmodSync(join(folder, 'curl'), 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(token: string | null): string {
    const file = join(folder, 'token');
    if (token !== null) writeFileSync(file, `${token}\n`);
    const text = readFileSync(facts, 'utf8')
      .replaceAll('/run/cloister/agent/github-token', file)
      .replace('/usr/bin/curl', join(folder, 'curl'));
    writeFileSync(join(folder, 'facts'), text);
    return execFileSync('/bin/sh', [join(folder, 'facts'), 'me/stream'], { encoding: 'utf8' });
  }

  test('hands the token over stdin, never in an argument that every user may read', () => {
    const [said = '', stdin] = run('tok').split('stdin:\n');
    expect(said).not.toContain('tok\n');
    expect(said).not.toContain('Bearer');
    expect(said.trim().split('\n').at(-1)).toBe('https://api.github.com/repos/me/stream');
    expect(stdin).toBe('header = "authorization: Bearer tok"');
  });

  test('asks as nobody without a token, and reads no configuration of the agent’s', () => {
    const [said = '', stdin] = run(null).split('stdin:\n');
    expect(said.split('\n')[0]).toBe('--disable');
    expect(stdin).toBe('');
  });
});
