import { Paths } from '../core/paths.ts';
import type { StepState } from '../core/state.ts';
import type { Host } from '../host/host.ts';
import type { SourcedRule } from '../network/allowlist/rule.ts';
import type { Backend } from '../network/firewall/apply.ts';
import type { Settings } from '../settings/settings.ts';
import type { Environment } from './environment.ts';

/** What the second half of the boot needs of the first: it is another program, with nothing in common but this. */
export interface Handover {
  readonly settings: Settings;
  /** The whole allowlist with its sources; the same rules as the settings'. */
  readonly base: readonly SourcedRule[];
  readonly environment: Environment;
  readonly backend: Backend;
  readonly rules: number;
  /** The agent dials pinned addresses itself: there is no guard. */
  readonly byAddress: boolean;
  /** /proc shows a user its own processes alone. */
  readonly hiddenProcesses: boolean;
  readonly bootId: string;
  readonly startedAt: number;
  readonly startedUptime: number;
  /** The machine's uptime as the shed began: how long it took is known on its other side. */
  readonly shedUptime: number;
  readonly deadline: number;
  readonly steps: readonly StepState[];
  /** What the agent is to be run with, once and headless; none for a session. */
  readonly task: readonly string[];
}

/** Supervision needs these: the wall's refresh, children under other users, the resolver's port, signals. */
const kept = ['net_admin', 'net_bind_service', 'setuid', 'setgid', 'setpcap', 'kill'];
/** Small heaps: init lives for days and does little. SIGUSR1 must not open Node's inspector. */
export const nodeFlags = ['--disable-sigusr1', '--max-semi-space-size=1'];
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  NODE_COMPILE_CACHE: '/usr/local/lib/cloister/cache',
  NODE_COMPILE_CACHE_READONLY: '1',
};

/** The environment of every Node program of ours that runs as root or as the egress user. */
export function ownNodeEnvironment(): Record<string, string> {
  return environment;
}

/** The environment of init itself. Whatever puts a file into a temporary folder puts it into one of root's. */
export function initEnvironment(term?: string): Record<string, string> {
  return { ...environment, TMPDIR: Paths.private, ...(term === undefined ? {} : { TERM: term }) };
}

/**
 * Replaces init by itself with few capabilities and a clean environment. Only an exec reaches every thread and
 * empties /proc/1/environ. The settings go through a file in memory that its reader removes.
 */
export function shed(host: Host, handover: Handover): never {
  host.files.write(Paths.handover, JSON.stringify(handover), 0o600);
  const argv = [
    '/usr/bin/setpriv',
    `--groups=${handover.environment.agent.gid}`,
    '--inh-caps=-all',
    '--ambient-caps=-all',
    `--bounding-set=-all,${kept.map((name) => `+${name}`).join(',')}`,
    '--no-new-privs',
    '--',
    Paths.node,
    ...nodeFlags,
    Paths.program,
    'init-resumed',
  ];
  return host.replace(argv, initEnvironment(host.env.TERM));
}

/** Reads the handover and removes it. */
export function takeHandover(host: Host): Handover {
  const text = host.files.read(Paths.handover);
  host.files.remove(Paths.handover);
  return JSON.parse(text) as Handover;
}
