import type { Command, Host, Output } from '../host/host.ts';

/** Where a git command works. */
export interface GitPlace {
  readonly gitDir: string;
  readonly workTree: string;
  /** The index it reads and writes; default that of the git directory. */
  readonly index?: string;
}

/** Who a command speaks to a remote as. */
export type Voice = 'nobody' | 'operator';

/**
 * Everything a configuration, the agent's or anybody's, could make git run, ask, follow or change is set here or off:
 * what stands on the command line comes last and wins. Names that git would refuse to check out elsewhere are the
 * agent's files all the same.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.splitIndex=false',
  'index.sparse=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.autocrlf=false',
  'core.safecrlf=false',
  'core.protectHFS=false',
  'core.protectNTFS=false',
  'core.bigFileThreshold=1m',
  'core.compression=1',
  'pack.window=0',
  'fastimport.unpackLimit=0',
  'fetch.unpackLimit=1',
  'gc.auto=0',
  'maintenance.auto=false',
  'submodule.recurse=false',
  'push.recurseSubmodules=no',
  'fetch.recurseSubmodules=no',
  'push.gpgSign=false',
  'push.pushOption=',
  'credential.helper=',
  // An engine that shares a folder may show another owner; whose it is does not matter to who obeys nothing in it.
  'safe.directory=*',
];
const helper = 'credential.https://github.com.helper=/usr/local/libexec/cloister/git-credential';

/** It reads no file but those of its place: no home, no system's configuration, no replaced object. */
const environment = {
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'https',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_HTTP_LOW_SPEED_LIMIT: '1000',
  GIT_HTTP_LOW_SPEED_TIME: '15',
};

/** Renders a git command that obeys nobody but its arguments. A null place is none: for commands about a remote. */
export function gitCommand(
  place: GitPlace | null,
  args: readonly string[],
  voice: Voice = 'nobody',
): Command {
  const options = [...settings, ...(voice === 'operator' ? [helper] : [])].flatMap((setting) => [
    '-c',
    setting,
  ]);
  const index = place?.index === undefined ? {} : { GIT_INDEX_FILE: place.index };
  return {
    argv: ['/usr/bin/git', ...options, ...args],
    env: {
      ...environment,
      GIT_DIR: place?.gitDir ?? '/nonexistent',
      ...(place === null ? {} : { GIT_WORK_TREE: place.workTree, ...index }),
    },
    cwd: place?.workTree ?? '/',
    octets: true,
  };
}

/** Runs git in one place until a deadline. */
export class Git {
  readonly place: GitPlace;
  readonly #host: Pick<Host, 'run' | 'now' | 'uptime'>;
  readonly #deadline: number;
  readonly #who: Readonly<Record<string, string>>;

  constructor(
    host: Pick<Host, 'run' | 'now' | 'uptime'>,
    facts: {
      place: GitPlace;
      deadline: number;
      author: { readonly name: string; readonly email: string };
    },
  ) {
    this.#host = host;
    this.place = facts.place;
    this.#deadline = facts.deadline;
    const { name, email } = facts.author;
    this.#who = {
      ...{ GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email },
      ...{ GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email },
    };
  }

  /** The same with another index. */
  withIndex(index: string): Git {
    const place = { ...this.place, index };
    const author = { name: this.#who.GIT_AUTHOR_NAME ?? '', email: this.#who.GIT_AUTHOR_EMAIL ?? '' };
    return new Git(this.#host, { place, deadline: this.#deadline, author });
  }

  run(
    args: readonly string[],
    more: Pick<Command, 'stdin' | 'input' | 'onOutput' | 'env'> & { voice?: Voice } = {},
  ): Promise<Output> {
    const { voice, env: other, ...rest } = more;
    const command = gitCommand(this.place, args, voice);
    const env = { ...command.env, ...this.#who, ...other };
    return this.#host.run({
      ...command,
      env,
      ...rest,
      timeout: Math.max(this.#deadline - this.#host.uptime(), 1),
    });
  }

  /** @returns its output without the final newline. */
  async text(args: readonly string[], stdin = ''): Promise<string> {
    return (await this.run(args, { stdin })).stdout.replace(/\n$/, '');
  }

  /** @returns the fields of a NUL-separated output. */
  async fields(args: readonly string[], stdin = ''): Promise<string[]> {
    const { stdout } = await this.run(args, { stdin });
    return stdout.split('\0').slice(0, -1);
  }

  /** @returns whether it ended with 0. */
  async succeeds(args: readonly string[]): Promise<boolean> {
    return this.run(args).then(
      () => true,
      () => false,
    );
  }
}

/** @returns a path as git's line-based input and its alternates take any octets. */
export function quotePath(path: string): string {
  const octal = (char: string) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return `"${path.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, octal)}"`;
}
