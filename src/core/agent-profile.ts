import { type Landlock, landlockOptions } from './landlock.ts';
import { Paths } from './paths.ts';

/** Whom a process of the box runs as, and what holds it. */
export interface Identity {
  /** Decimal and never 0, as is the gid. */
  readonly uid: number;
  readonly gid: number;
  /** The one capability it keeps; with it comes the seccomp filter that knows what it is for. */
  readonly keeps?: 'net_admin';
  /** When memory runs out it goes no sooner than init does. */
  readonly lastToGo?: true;
  /** Null or none: this kernel has no Landlock, or nobody has asked it yet. */
  readonly landlock?: Landlock | null;
}

export const agentIdentity: Identity = { uid: 1000, gid: 1000 };
export const egressIdentity: Identity = { uid: 65053, gid: 65053, lastToGo: true };
/** Who reads what the wall says; nothing but a reader of packet headers runs as this user. */
export const wallLogIdentity: Identity = { uid: 65054, gid: 65054, lastToGo: true, keeps: 'net_admin' };

/**
 * Bytes, signals and priorities that a process may never exceed: no core file with a secret in it, no kernel memory
 * that outlives its maker. Lower than what any platform gives, for who runs this may be unable to raise a limit.
 */
const limits = ['--core=0', '--memlock=65536', '--msgqueue=0', '--nice=0', '--rtprio=0', '--sigpending=512'];

/**
 * The one profile of an unprivileged process: uid, gid, no supplementary groups, no capabilities in any set but what
 * it keeps, no new privileges, our seccomp filter, Landlock where the kernel has it, limits, and the agent's user
 * first to go when memory runs out.
 * @returns the argument vector that runs `argv` under it.
 */
export function confined(argv: readonly string[], identity: Identity): string[] {
  const { uid, gid, keeps, landlock } = identity;
  const capabilities = keeps === undefined ? '-all' : `-all,+${keeps}`;
  return [
    ...(identity.lastToGo === true ? [] : ['/usr/bin/choom', '--adjust=1000', '--']),
    ...['/usr/bin/prlimit', ...limits, '--'],
    '/usr/bin/setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    `--bounding-set=${capabilities}`,
    '--no-new-privs',
    ...landlockOptions(landlock),
    `--seccomp-filter=${keeps === undefined ? Paths.seccomp : Paths.wallLogSeccomp}`,
    '--',
    ...argv,
  ];
}

/** The environment of every process of the agent's user: built from this list, never inherited. */
export function agentEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    HOME: '/home/claude',
    USER: 'claude',
    LOGNAME: 'claude',
    SHELL: '/bin/bash',
    PATH: '/home/claude/.local/bin:/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'tmux-256color',
    COLORTERM: 'truecolor',
    EDITOR: 'vi',
    PAGER: 'less',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CONFIG_DIR: '/home/claude/.claude',
    // node-gyp finds the headers that came with Node instead of fetching them.
    npm_package_config_node_gyp_nodedir: '/usr/local',
    ...extra,
  };
}
