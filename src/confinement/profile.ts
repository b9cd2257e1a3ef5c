import { Paths } from '../core/paths.ts';
import { type ProcessLimits, usualLimits, withHeadroom } from './agent-limits.ts';
import { type Landlock, landlockOptions } from './landlock.ts';

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
  /** None: the boot has not looked yet what this platform allows. */
  readonly limits?: ProcessLimits;
}

export const agentIdentity: Identity = { uid: 1000, gid: 1000 };
export const egressIdentity: Identity = { uid: 65053, gid: 65053, lastToGo: true };
/** Who reads what the firewall says; nothing but a reader of packet headers runs as this user. */
export const packetLoggerIdentity: Identity = { uid: 65054, gid: 65054, lastToGo: true, keeps: 'net_admin' };

/** @returns the profile with room for a program of ours that no one else steers: the agent may have used up its own. */
export function roomy(identity: Identity): Identity {
  const { limits, ...rest } = identity;
  return limits === undefined ? rest : { ...rest, limits: withHeadroom(limits) };
}

/** How far the agent stands back where the processor is short: a hundred busy loops must not starve init. */
const niceness = 15;

/**
 * The one profile of an unprivileged process: uid, gid, no supplementary groups, no capabilities in any set but what
 * it keeps, no new privileges, our seccomp filter, Landlock where the kernel has it, limits, control groups where they
 * can be had, and the agent's user last in line for the processor and first to go when memory runs out.
 * @returns the argument vector that runs `argv` under it.
 */
export function confined(argv: readonly string[], identity: Identity): string[] {
  const { uid, gid, keeps, landlock, lastToGo } = identity;
  const { resources, groups } = identity.limits ?? { resources: usualLimits, groups: [] };
  const capabilities = keeps === undefined ? '-all' : `-all,+${keeps}`;
  return [
    ...(groups.length === 0 ? [] : [Paths.join, ...groups, '--']),
    ...(lastToGo === true ? [] : ['/usr/bin/choom', '--adjust=1000', '--']),
    ...(lastToGo === true ? [] : ['/usr/bin/nice', `--adjustment=${niceness}`]),
    ...['/usr/bin/prlimit', ...Object.entries(resources).map(([name, value]) => `--${name}=${value}`), '--'],
    '/usr/bin/setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    `--bounding-set=${capabilities}`,
    '--no-new-privs',
    ...landlockOptions(landlock),
    `--seccomp-filter=${keeps === undefined ? Paths.seccomp : Paths.packetLoggerSeccomp}`,
    '--',
    ...argv,
  ];
}

/** Below the home, where the agent's own programs are: of npm and pip, of mise, of cargo, of Go. */
const ownPrograms = ['.local/bin', '.local/share/mise/shims', '.cargo/bin', 'go/bin'];

/** The environment of every process of the agent's user: built from this list, never inherited. */
export function agentEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    HOME: '/home/claude',
    USER: 'claude',
    LOGNAME: 'claude',
    SHELL: '/bin/bash',
    PATH: [...ownPrograms.map((folder) => `/home/claude/${folder}`), '/usr/local/bin:/usr/bin:/bin'].join(
      ':',
    ),
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
    // Corepack takes the versions it was made with, which the image has, and asks nobody before it fetches another.
    COREPACK_DEFAULT_TO_LATEST: '0',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    // The leak checker of the sanitizers traces its own process, which the filter refuses: every program
    // would fail. Two, for a project sets one of them to what it needs itself.
    ASAN_OPTIONS: 'detect_leaks=0',
    LSAN_OPTIONS: 'detect_leaks=0',
    ...extra,
  };
}
