import type { AgentLimits } from '../confinement/agent-limits.ts';
import type { Landlock } from '../confinement/landlock.ts';
import { agentIdentity } from '../confinement/profile.ts';
import { Paths } from '../core/paths.ts';
import type { Files } from '../host/host.ts';
import { readStartTicks } from '../host/proc/pid.ts';

/** The boot's steps, in their order. */
export const stepNames = [
  'settings',
  'environment',
  'firewall',
  'mounts',
  'drop-privileges',
  'resolver',
  'pins',
  'credential-files',
  'agent',
  'self-test',
  'repository',
  'session',
] as const;
export type StepName = (typeof stepNames)[number];

export interface StepState {
  readonly name: StepName;
  readonly state: 'running' | 'done' | 'failed' | 'warned';
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** How long it took, in milliseconds; null while it runs. */
  readonly duration: number | null;
  /** One line about what it found or left; may be empty. */
  readonly detail: string;
}

/** Something that happened to a child of the box; the agent is one, although tmux is its parent. */
export interface ChildNews extends ChildState {
  readonly child: 'egress' | 'packet-log' | 'session' | 'agent';
  /** `settled`: well again after failing. */
  readonly what: 'started' | 'ended' | 'failing' | 'settled';
}

export interface ChildState {
  /** Since the boot. */
  readonly restarts: number;
  /** How it ended last: an exit code, or 128+n after signal n; null while it never has. */
  readonly lastCode: number | null;
  /** It ended again and again. The agent then stays down until somebody asks for it; the others are tried on. */
  readonly failing: boolean;
}

/** What everybody may know of the box, kept in `state.json`: written by init alone, readable by all. */
export interface BoxState {
  readonly bootId: string;
  readonly phase: 'booting' | 'ready' | 'failed' | 'stopping';
  readonly pid: number;
  /** Start time of that process in clock ticks since the machine's boot: tells a reused pid apart. */
  readonly startTicks: string;
  readonly startedAt: number;
  /** The machine's uptime at that moment, in milliseconds: the box's age is told by it. */
  readonly startedUptime: number;
  readonly readyAt: number | null;
  readonly platform: string;
  /** Decimal ids of the agent's user. */
  readonly agent: { readonly uid: number; readonly gid: number };
  /** Where the agent works; and volumes that somebody else owns and it was found able to write. */
  readonly workspace: string;
  readonly borrowed: readonly string[];
  /** What holds the agent besides users, capabilities and seccomp, which every platform has. */
  readonly containment: {
    readonly landlock: Landlock | null;
    readonly hiddenProcesses: boolean;
    /** Null until the boot knows them. */
    readonly limits: AgentLimits | null;
  };
  readonly steps: readonly StepState[];
  readonly failure: Readonly<Record<'step' | 'message' | 'remedy', string> & Record<'code', number>> | null;
  readonly resolver: {
    readonly running: boolean;
    readonly restarts: number;
    readonly upstreams: readonly string[];
    readonly through: string | null; // Host and port of the operator's proxy; null where there is none.
  };
  readonly firewall: {
    readonly rules: number;
    readonly pins: number;
    /** TCP ports on which the agent is led to the proxy. */
    readonly proxied: readonly number[];
    readonly neighbours: readonly string[]; // Rules of the services beside the box.
    /** How the kernel knows the pins; null until it was told any. */
    readonly pinning: 'set' | 'chain' | null;
    /** Names are not checked on the wire: the operator accepted that for a kernel that can't redirect. */
    readonly byAddress: boolean;
    readonly lastRefresh: number | null;
    readonly lastFailure: string | null;
    readonly unresolved: readonly string[];
    /** A sentence for each host of the model's that has no address that may be dialled, with what to do. */
    readonly modelTroubles: Readonly<Record<string, string>>;
  };
  /** Since this boot: refused by policy, and allowed but failed for another reason. */
  readonly egress: {
    readonly refused: number;
    readonly failed: number;
    /** Names of the sets that hold what was refused since the list changed last. */
    readonly sets: readonly string[];
  };
  readonly session: { readonly running: boolean; readonly restarts: number };
  readonly children: Readonly<Partial<Record<ChildNews['child'], ChildState>>>;
  /** What was asked and does not answer, and how that shows: it is being put right. */
  readonly unanswered: Readonly<Partial<Record<ChildNews['child'], string>>>;
  readonly repository: string;
  /** A sentence for each thing that is missing of it. */
  readonly lacks: readonly string[];
  readonly rescue: {
    /** Of the last rescue of this boot; null before the first. */
    readonly outcome: 'pushed' | 'nothing' | 'failed' | 'unchanged' | null;
    /** It saved only a part: some of the work could not be read. */
    readonly partial: boolean;
    /** Milliseconds since the epoch of the last one that saved. */
    readonly savedAt: number | null;
    /** One line: what was saved and where, or why not. */
    readonly said: string;
    /** What became of the last boot's rescue; empty where there was none. */
    readonly restored: string;
  };
  /** The agent runs once: there is no session. */
  readonly once: boolean;
}

/** @returns a boot's state at its very start. */
export function newState(start: {
  bootId: string;
  pid: number;
  startTicks: string;
  now: number;
  uptime: number;
}): BoxState {
  return {
    bootId: start.bootId,
    phase: 'booting',
    pid: start.pid,
    startTicks: start.startTicks,
    startedAt: start.now,
    startedUptime: start.uptime,
    readyAt: null,
    platform: 'unknown',
    agent: { uid: agentIdentity.uid, gid: agentIdentity.gid },
    workspace: Paths.workspace,
    borrowed: [],
    containment: { landlock: null, hiddenProcesses: false, limits: null },
    steps: [],
    failure: null,
    resolver: { running: false, restarts: 0, upstreams: [], through: null },
    firewall: {
      rules: 0,
      pins: 0,
      proxied: [],
      neighbours: [],
      pinning: null,
      byAddress: false,
      lastRefresh: null,
      lastFailure: null,
      unresolved: [],
      modelTroubles: {},
    },
    egress: { refused: 0, failed: 0, sets: [] },
    session: { running: false, restarts: 0 },
    children: {},
    unanswered: {},
    ...{ repository: 'none', lacks: [] },
    rescue: { outcome: null, partial: false, savedAt: null, said: 'none yet', restored: '' },
    once: false,
  };
}

/** @returns the state, or null if the text is none: it may be another version's. */
export function parseState(text: string | null): BoxState | null {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as Partial<BoxState> | null;
    return typeof value?.bootId === 'string' && Array.isArray(value.steps) ? (value as BoxState) : null;
  } catch {
    return null;
  }
}

/**
 * @returns whether the init that wrote this state still lives. Another user's process may be hidden from the agent: what
 * can't be seen of PID 1 is believed.
 */
export function isAlive(
  files: Pick<Files, 'readIfAny'>,
  state: Pick<BoxState, 'pid' | 'startTicks'>,
): boolean {
  const ticks = readStartTicks(files, state.pid);
  return ticks === null ? state.pid === 1 : ticks === state.startTicks;
}
