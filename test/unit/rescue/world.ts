import { execFileSync } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { runLean } from '../../../src/host/children.ts';
import type { Command, Host } from '../../../src/host/host.ts';
import { uptime } from '../../../src/host/uptime.ts';
import { restore } from '../../../src/rescue/agent/restore.ts';
import { save } from '../../../src/rescue/agent/save.ts';
import { keyOf } from '../../../src/rescue/manifest.ts';
import type { RestoreOrder, RestoreReport, SaveOrder, SaveReport } from '../../../src/rescue/protocol.ts';
import { placeOf } from '../../../src/rescue/rescue-refs.ts';

const who = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.test' };
const environment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  ...who,
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.test',
};

export const secret = 'github_pat_a-secret-of-the-box';

/** A remote, a clone in which an agent works, and git itself; the remote is a folder instead of a host. */
export class World {
  readonly root = mkdtempSync(join(tmpdir(), 'rescue-'));
  readonly remote = join(this.root, 'remote.git');
  folder = join(this.root, 'repo');
  readonly commands: Command[] = [];
  /** Answers in place of git, where it answers at all. */
  instead: (command: Command) => Error | null = () => null;
  #clones = 0;

  constructor({ empty = false, like = null as World | null } = {}) {
    if (like !== null) {
      cpSync(like.root, this.root, { recursive: true, preserveTimestamps: true });
      this.git(this.folder, 'remote', 'set-url', 'origin', this.remote);
      return;
    }
    this.git(this.root, 'init', '--quiet', '--bare', '--initial-branch=main', this.remote);
    this.git(this.root, 'clone', '--quiet', this.remote, this.folder);
    this.git(this.folder, 'symbolic-ref', 'HEAD', 'refs/heads/main');
    if (empty) return;
    for (const [path, text] of [
      ['a.txt', 'one\n'],
      ['src/b.txt', 'two\n'],
      ['run.sh', '#!/bin/sh\n'],
      ['.gitignore', 'ignored/\n'],
    ] as const)
      this.write(path, text);
    this.git(this.folder, 'add', '--all');
    this.git(this.folder, 'commit', '--quiet', '--message=Start');
    this.git(this.folder, 'push', '--quiet', 'origin', 'main');
  }

  git(folder: string, ...args: string[]): string {
    return execFileSync('git', args, {
      cwd: folder,
      env: environment,
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** In the agent's clone; failing is allowed. */
  agent(...args: string[]): string {
    try {
      return this.git(this.folder, ...args);
    } catch (error) {
      return String((error as { stdout?: string }).stdout);
    }
  }

  write(path: string | Buffer, text: string | Buffer): void {
    const full = Buffer.concat([Buffer.from(`${this.folder}/`), Buffer.from(path)]);
    mkdirSync(Buffer.from(dirname(full.toString('latin1')), 'latin1'), { recursive: true });
    writeFileSync(full, text);
  }

  get host(): Pick<Host, 'run' | 'now' | 'uptime' | 'uid'> {
    return {
      uid: process.getuid?.() ?? 0,
      now: Date.now,
      uptime,
      run: async (command) => {
        this.commands.push(command);
        const error = this.instead(command);
        if (error !== null) throw error;
        return runLean({ ...command, env: { ...command.env, GIT_ALLOW_PROTOCOL: 'file' } });
      },
    };
  }

  private get base() {
    return {
      folder: this.folder,
      url: `file://${this.remote}`,
      credential: false,
      box: 'night',
      keys: [keyOf(secret)],
      deadline: uptime() + 30_000,
      author: { name: 'cloister', email: 'cloister@example.test' },
    };
  }

  save(more: Partial<SaveOrder> = {}): Promise<SaveReport> {
    return save(this.host, {
      ...this.base,
      kind: 'save',
      place: placeOf(secret),
      former: [],
      mine: null,
      beside: '11111111-22222222',
      scope: 'all',
      most: 100_000_000,
      secrets: [secret],
      last: null,
      ref: null,
      ending: null,
      ...more,
    });
  }

  /** Clones anew, as the next boot does, and restores there. */
  async restore(more: Partial<RestoreOrder> = {}): Promise<RestoreReport> {
    this.#clones += 1;
    this.folder = join(this.root, `clone-${this.#clones}`);
    // Not by its path: then it would have every object of the remote's, also those that no branch has.
    this.git(this.root, 'clone', '--quiet', `file://${this.remote}`, this.folder);
    return restore(this.host, {
      ...this.base,
      kind: 'restore',
      target: this.folder,
      place: placeOf(secret),
      ...more,
    });
  }

  /** Everything a rescue promises to bring back. */
  state(): Record<string, unknown> {
    const file = (name: string) => {
      try {
        return readFileSync(join(this.folder, '.git', name), 'latin1');
      } catch {
        return null;
      }
    };
    return {
      head: file('HEAD'),
      commit: this.agent('rev-parse', '--verify', '--quiet', 'HEAD'),
      refs: this.agent('for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads', 'refs/tags'),
      stashes: this.agent('stash', 'list', '--format=%H %gs'),
      index: this.agent('ls-files', '-v', '-s', '-z'),
      status: this.agent('status', '--porcelain=v2', '-z', '--untracked-files=all'),
      half: [
        'MERGE_HEAD',
        'MERGE_MSG',
        'CHERRY_PICK_HEAD',
        'REBASE_HEAD',
        'rebase-merge/git-rebase-todo',
      ].map(file),
      files: this.files(),
    };
  }

  /** Kind, mode and octets of every file git does not ignore. */
  files(): Record<string, string> {
    const found: Record<string, string> = {};
    const visit = (folder: string) => {
      for (const name of readdirSync(Buffer.from(`${this.folder}/${folder}`, 'latin1'), 'latin1').sort()) {
        const path = `${folder}${name}`;
        if (path === '.git' || path.startsWith('ignored')) continue;
        const full = Buffer.from(`${this.folder}/${path}`, 'latin1');
        const stat = lstatSync(full);
        if (stat.isDirectory()) visit(`${path}/`);
        else if (!stat.isFile() && !stat.isSymbolicLink()) found[path] = 'special ';
        else if (stat.isSymbolicLink()) found[path] = `link ${readlinkSync(full, 'latin1')}`;
        else
          found[path] = `${(stat.mode & 0o100) === 0 ? 'file' : 'program'} ${readFileSync(full, 'latin1')}`;
      }
    };
    visit('');
    return found;
  }

  remoteRefs(): string[] {
    return this.git(this.remote, 'for-each-ref', '--format=%(refname)', 'refs/cloister')
      .split('\n')
      .filter(Boolean);
  }

  /** The text of a file in what was saved of the working tree; null where it is not in it. */
  saved(path: string): string | null {
    return this.blob(`refs/cloister/night/${placeOf(secret)}/work`, path);
  }

  /** The text of a file that whoever clones has. */
  onBranch(path: string): string | null {
    return this.blob('refs/heads/main', path);
  }

  blob(ref: string, path: string): string | null {
    try {
      return this.git(this.remote, 'cat-file', 'blob', `${ref}:${path}`);
    } catch {
      return null;
    }
  }

  /** Whether any object that the remote has holds the text. */
  remoteHolds(text: string): boolean {
    const objects = this.git(this.remote, 'cat-file', '--batch-all-objects', '--batch', '--buffer');
    return objects.includes(text);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/**
 * @param work what has been done in each from the start.
 * @returns what makes a world; each is removed after the test that made it.
 */
export function useWorlds(work: (box: World) => void = () => {}): (options?: { empty: boolean }) => World {
  const worlds: World[] = [];
  let first: World | null = null;
  afterAll(() => first?.remove());
  afterEach(() => {
    for (const made of worlds.splice(0)) made.remove();
  });
  return (options) => {
    if (first === null && options === undefined) {
      first = new World();
      work(first);
    }
    const made = new World(options ?? { like: first });
    worlds.push(made);
    return made;
  };
}
