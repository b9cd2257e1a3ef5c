import { Paths } from './paths.ts';

/** Whom the agent's processes run as: uid and gid, both decimal and never 0. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export const agentIdentity: Identity = { uid: 1000, gid: 1000 };
export const egressIdentity: Identity = { uid: 65053, gid: 65053 };
/** Who reads what the wall says; nothing but a reader of packet headers runs as this user. */
export const wallLogIdentity: Identity = { uid: 65054, gid: 65054 };

/**
 * The one profile of an unprivileged process: uid, gid, no supplementary groups, no capabilities in any set,
 * no new privileges, our seccomp filter.
 * @returns the argument vector that runs `argv` under it.
 */
export function confined(argv: readonly string[], identity: Identity): string[] {
  return [
    '/usr/bin/setpriv',
    `--reuid=${identity.uid}`,
    `--regid=${identity.gid}`,
    '--clear-groups',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
    `--seccomp-filter=${Paths.seccomp}`,
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
