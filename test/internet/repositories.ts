// The bare repositories behind the fake github.com, and what a test may ask about them.
import { execFile } from 'node:child_process';
import { access, chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Commit {
  id: string;
  subject: string;
  author: string;
  committer: string;
}

export interface RepositoryState {
  /** By full name. */
  refs: Record<string, string>;
  /** Commits of all branches, newest first, at most 100. */
  log: Commit[];
}

export interface NewRepository {
  isPrivate?: boolean;
  /** Contents by path; one first commit on `main` if there are any. */
  files?: Record<string, string>;
  /** Full name of the repository that this one is a fork of: it begins as a copy. */
  parent?: string;
}

/** How a repository takes pushes. */
export interface Hindrance {
  readonly reject?: string;
  readonly delayMs?: number;
  /** By the names of `refuse`. */
  readonly refuse?: Readonly<Record<string, string>>;
  /** Of git's own `receive` section. */
  readonly receive?: Readonly<Record<string, string>>;
}

const gitEnv = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Mona Lisa',
  GIT_AUTHOR_EMAIL: 'mona@example.test',
  GIT_COMMITTER_NAME: 'Mona Lisa',
  GIT_COMMITTER_EMAIL: 'mona@example.test',
};

/** All repositories, as `owner/name`. */
export class Repositories {
  readonly root: string;
  private readonly privateNames = new Set<string>();
  private readonly parents = new Map<string, string>();

  private readonly delays = new Map<string, number>();

  constructor(root: string) {
    this.root = root;
  }

  isPrivate(name: string): boolean {
    return this.privateNames.has(name.toLowerCase());
  }

  parentOf(name: string): string | null {
    return this.parents.get(name.toLowerCase()) ?? null;
  }

  async exists(name: string): Promise<boolean> {
    return access(this.folderOf(name)).then(
      () => true,
      () => false,
    );
  }

  /** Creates the repository, or empties the one that has this name. */
  async create(name: string, { isPrivate = false, files = {}, parent }: NewRepository): Promise<void> {
    const folder = this.folderOf(name);
    await rm(folder, { recursive: true, force: true });
    if (parent === undefined) await git(['init', '--quiet', '--bare', '--initial-branch=main', folder]);
    else await git(['clone', '--quiet', '--bare', this.folderOf(parent), folder]);
    await git(['-C', folder, 'config', 'http.receivepack', 'true']);
    if (Object.keys(files).length > 0) await this.commit(folder, files);
    if (parent === undefined) this.parents.delete(name.toLowerCase());
    else this.parents.set(name.toLowerCase(), parent);
    if (isPrivate) this.privateNames.add(name.toLowerCase());
    else this.privateNames.delete(name.toLowerCase());
  }

  /** Milliseconds that a push waits before git hears of it. */
  delayOf(name: string): number {
    return this.delays.get(name.toLowerCase()) ?? 0;
  }

  /** Has pushes below these references rejected, or wait; `refuse` are settings of the hook that stands beside this. */
  async hinder(name: string, { reject, delayMs = 0, refuse = {}, receive = {} }: Hindrance): Promise<void> {
    const folder = this.folderOf(name);
    this.delays.set(name.toLowerCase(), delayMs);
    const set = (key: string, value: string) => git(['-C', folder, 'config', key, value]);
    if (reject !== undefined) await set('receive.hideRefs', reject);
    for (const [key, value] of Object.entries(receive)) await set(`receive.${key}`, value);
    await git(['-C', folder, 'config', '--remove-section', 'refuse']).catch(() => {});
    for (const [key, value] of Object.entries(refuse)) await set(`refuse.${key}`, value);
    for (const hook of ['pre-receive', 'update']) {
      await copyFile(join(import.meta.dirname, 'refuse'), join(folder, 'hooks', hook));
      await chmod(join(folder, 'hooks', hook), 0o755);
    }
  }

  async describe(name: string): Promise<RepositoryState> {
    const folder = this.folderOf(name);
    const refs = await git(['-C', folder, 'for-each-ref', '--format=%(refname) %(objectname)']);
    const format = '--format=%H%x1f%s%x1f%an <%ae>%x1f%cn <%ce>';
    const log = await git(['-C', folder, 'log', '--branches', '--max-count=100', format]);
    return {
      refs: Object.fromEntries(linesOf(refs).map((line) => line.split(' ') as [string, string])),
      log: linesOf(log).map(parseCommit),
    };
  }

  private folderOf(name: string): string {
    return join(this.root, `${name.toLowerCase()}.git`);
  }

  private async commit(folder: string, files: Record<string, string>): Promise<void> {
    const tree = await mkdtemp(join(dirname(this.root), 'seed-'));
    await git(['clone', '--quiet', folder, tree]);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    await git(['-C', tree, 'add', '--all']);
    await git(['-C', tree, 'commit', '--quiet', '--message=Start the project']);
    await git(['-C', tree, 'push', '--quiet', 'origin', 'HEAD:main']);
    await rm(tree, { recursive: true });
  }
}

async function git(args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { env: gitEnv, timeout: 30_000 });
  return stdout;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(Boolean);
}

function parseCommit(line: string): Commit {
  const [id = '', subject = '', author = '', committer = ''] = line.split('\x1f');
  return { id, subject, author, committer };
}
