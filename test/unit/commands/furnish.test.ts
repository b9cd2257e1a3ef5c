import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { furnish } from '../../../src/commands/furnish.ts';

function setUp() {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  const run = (githubToken: string | null = 'github_pat_x') =>
    furnish(
      Readable.from([
        JSON.stringify({
          home,
          claudeFolder: join(home, '.claude'),
          trusted: ['/workspace'],
          approvedKey: null,
          githubToken,
        }),
      ]),
    );
  return { home, run, at: (path: string) => join(home, path) };
}

describe('furnishing the home', () => {
  test('leaves Claude Code without a dialog, its link back, and gh with its account, all for the owner alone', async () => {
    const { run, at } = setUp();
    expect(await run()).toBe(0);
    expect(JSON.parse(readFileSync(at('.claude/.claude.json'), 'utf8'))).toMatchObject({
      hasCompletedOnboarding: true,
    });
    expect(readlinkSync(at('.local/bin/claude'))).toBe('/usr/local/bin/claude');
    expect(readFileSync(at('.config/gh/hosts.yml'), 'utf8')).toContain('github_pat_x');
    for (const path of ['.claude/.claude.json', '.config/gh/hosts.yml'])
      expect(statSync(at(path)).mode & 0o777).toBe(0o600);
  });

  test('can be done again over what is there', async () => {
    const { run, at } = setUp();
    await run();
    writeFileSync(at('.bashrc'), 'mine');
    expect(await run()).toBe(0);
    expect(readFileSync(at('.bashrc'), 'utf8')).toBe('mine');
  });

  test('without a GitHub account writes none', async () => {
    const { run, at } = setUp();
    await run(null);
    expect(lstatSync(at('.config/gh/hosts.yml'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('replaces a link laid out on a volume, and never writes through it', async () => {
    const { run, at } = setUp();
    writeFileSync(at('victim'), 'untouched');
    mkdirSync(at('.claude'));
    for (const name of ['.claude.json', '.claude.json.cloister'])
      symlinkSync(at('victim'), at(`.claude/${name}`));
    await run();
    expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
    expect(lstatSync(at('.claude/.claude.json')).isFile()).toBe(true);
  });
});
