import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { HomePlan } from '../../../src/agents/protocol.ts';
import { provisionHome } from '../../../src/agents/provision-home.ts';

function setUp() {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  const said: string[] = [];
  const run = (githubToken: string | null = 'github_pat_x', more: Partial<HomePlan> = {}) =>
    provisionHome(
      { print: (text) => void said.push(text) },
      Readable.from([
        JSON.stringify({
          home,
          claudeFolder: join(home, '.claude'),
          claudeLink: null,
          folders: [],
          rooms: [home],
          ...more,
          trusted: ['/workspace'],
          approvedKey: null,
          githubToken,
        }),
      ]),
    );
  return { home, said, run, at: (path: string) => join(home, path) };
}

describe('plan the home', () => {
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

  test('does not let a policy that lies in the home speak for the account', async () => {
    const { run, at } = setUp();
    await run();
    writeFileSync(
      at('.claude/remote-settings.json'),
      '{"permissions":{"disableBypassPermissionsMode":"disable"}}',
    );
    await run();
    expect(existsSync(at('.claude/remote-settings.json'))).toBe(false);
    expect(existsSync(at('.claude/remote-settings.json.aside'))).toBe(true);
  });

  test('can be done again over what is there', async () => {
    const { run, at, said } = setUp();
    await run();
    writeFileSync(at('.bashrc'), 'mine');
    expect(await run()).toBe(0);
    expect(said).toEqual([]);
    expect(readFileSync(at('.bashrc'), 'utf8')).toBe('mine');
  });

  test('without a GitHub account writes none', async () => {
    const { run, at } = setUp();
    await run(null);
    expect(lstatSync(at('.config/gh/hosts.yml'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test.each<[string, (at: (path: string) => string) => void]>([
    ['as it was written', () => {}],
    [
      'as gh has rewritten it',
      (at) => writeFileSync(at('.config/gh/hosts.yml'), 'github.com:\n    users: {}'),
    ],
    ['in a draft that a full disk left', (at) => writeFileSync(at('.config/gh/hosts.yml.cloister'), 'x')],
    ['in a folder that can not be written', (at) => chmodSync(at('.config/gh'), 0o500)],
  ])('without a GitHub account leaves none that an earlier box had, %s', async (_, change) => {
    const { run, at } = setUp();
    await run('github_pat_x');
    change(at);
    expect(await run(null)).toBe(0);
    expect(readdirSync(at('.config/gh'))).toEqual([]);
  });

  test('without a GitHub account takes a link away, and leaves what it led to', async () => {
    const { run, at } = setUp();
    mkdirSync(at('.config/gh'), { recursive: true });
    writeFileSync(at('victim'), 'untouched');
    symlinkSync(at('victim'), at('.config/gh/hosts.yml'));
    await run(null);
    expect(readdirSync(at('.config/gh'))).toEqual([]);
    expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
  });

  test('without a GitHub account is not kept from its end by a file where the folder of it was', async () => {
    const { run, at } = setUp();
    writeFileSync(at('.config'), '');
    expect(await run(null)).toBe(0);
    expect(readFileSync(at('.config'), 'utf8')).toBe('');
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

  test.each<[string, (at: (path: string) => string) => void]>([
    ['a folder where the link belongs', (at) => mkdirSync(at('.local/bin/claude/x'), { recursive: true })],
    [
      'a folder where the state belongs',
      (at) => mkdirSync(at('.claude/.claude.json/x'), { recursive: true }),
    ],
    ['a link to a folder of root’s', (at) => symlinkSync('/proc/1', at('.claude'))],
    ['a file where a folder belongs', (at) => writeFileSync(at('.local'), '')],
    ['a folder that can not be written', (at) => mkdirSync(at('.claude'), { mode: 0o500 })],
    ['a link that leads in a circle', (at) => symlinkSync('.config', at('.config'))],
    ['a link to an endless file', (at) => linkState(at, '/dev/zero')],
    ['a link to nowhere', (at) => linkState(at, '/nowhere/at/all')],
    [
      'a state without end',
      (at) => {
        linkState(at, 'big');
        writeFileSync(at('.claude/big'), '');
        truncateSync(at('.claude/big'), 2 ** 40);
      },
    ],
  ])('is not kept from it by %s', async (_, trap) => {
    const { run, at } = setUp();
    trap(at);
    expect(await run()).toBe(0);
    expect(readlinkSync(at('.local/bin/claude'))).toBe('/usr/local/bin/claude');
    expect(lstatSync(at('.claude/.claude.json')).isFile()).toBe(true);
    expect(lstatSync(at('.config/gh/hosts.yml')).isFile()).toBe(true);
  });

  test('leads the configuration to a volume that keeps more than it', async () => {
    const { run, at } = setUp();
    const more = { claudeLink: at('data/claude'), folders: [at('data/workspace'), at('data/claude')] };
    for (const _ of ['a first boot', 'the next']) {
      expect(await run(null, more)).toBe(0);
      expect(readlinkSync(at('.claude'))).toBe(at('data/claude'));
      expect(lstatSync(at('data/claude/.claude.json')).isFile()).toBe(true);
      expect(lstatSync(at('data/workspace')).isDirectory()).toBe(true);
    }
  });

  test('does not let a link on that volume lead out of it', async () => {
    const { run, at } = setUp();
    mkdirSync(at('elsewhere'));
    mkdirSync(at('data'));
    symlinkSync(at('elsewhere'), at('data/claude'));
    symlinkSync('/proc/1', at('data/workspace'));
    const more = { claudeLink: at('data/claude'), folders: [at('data/workspace'), at('data/claude')] };
    expect(await run(null, more)).toBe(0);
    expect(lstatSync(at('elsewhere/.claude.json'), { throwIfNoEntry: false })).toBeUndefined();
    expect(lstatSync(at('data/workspace')).isDirectory()).toBe(true);
    expect(lstatSync(at('data/claude/.claude.json')).isFile()).toBe(true);
  });

  test('sets aside what was in the way', async () => {
    const { run, at } = setUp();
    writeFileSync(at('.local'), 'mine');
    await run();
    expect(readFileSync(at('.local.aside'), 'utf8')).toBe('mine');
  });

  test('takes nothing apart that is in the way: it may be closed even to us, or have no end', async () => {
    const { run, at } = setUp();
    for (const name of ['.claude.json', '.claude.json.cloister', '.claude.json.aside'])
      mkdirSync(at(`.claude/${name}/closed`), { recursive: true });
    await run();
    await run();
    expect(statSync(at('.claude/.claude.json')).isFile()).toBe(true);
    const aside = readdirSync(at('.claude')).filter((name) => /^\.claude\.json\./.test(name));
    expect(aside).toHaveLength(3);
    expect(aside.every((name) => existsSync(at(`.claude/${name}/closed`)))).toBe(true);
  });

  test('opens a room that its owner has closed to himself', async () => {
    const { home, run } = setUp();
    chmodSync(home, 0o055);
    await run();
    expect(statSync(home).mode & 0o777).toBe(0o755);
  });
});

function linkState(at: (path: string) => string, target: string): void {
  mkdirSync(at('.claude'));
  symlinkSync(target, at('.claude/.claude.json'));
}
