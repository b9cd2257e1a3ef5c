/** What a process may use: see prlimit(1). Values are `LIMIT` or `SOFT:HARD`. */
export interface ProcessLimits {
  readonly resources: Readonly<Record<string, string>>;
  /** Files `cgroup.procs` of the control groups it enters. */
  readonly groups: readonly string[];
}

/** Who holds a bound: the kernel by a control group or by a limit of the user's, or the supervisor, which looks. */
export type Holder = 'control group' | 'user' | 'supervisor';

/** What bounds the agent on this platform. Plain data: it goes through the handover and onto the state store. */
export interface AgentLimits extends ProcessLimits {
  /** What holds every other unprivileged process of the box. */
  readonly base: Readonly<Record<string, string>>;
  /** Bytes of all its processes and of its files in memory; null where nobody knows what the machine has. */
  readonly memory: { readonly bytes: number; readonly by: Holder } | null;
  readonly processes: { readonly count: number; readonly by: Holder };
  /** Of one process. */
  readonly descriptors: number;
  /** What is not bounded here: a sentence each, with the remedy. */
  readonly gaps: readonly string[];
}

/**
 * Bytes, signals and priorities that a process may never exceed: no core file with a secret in it, no kernel memory
 * that outlives its maker.
 */
export const usualLimits: Readonly<Record<string, string>> = {
  core: '0',
  memlock: '65536',
  msgqueue: '0',
  nice: '0',
  rtprio: '0',
  sigpending: '512',
};

/** Processes of the agent's user that an operator may start although the agent has used up its own. */
export const headroom = 48;

/** @returns the limits of a program by which an operator comes to the agent: a fork bomb must not keep it out. */
export function withHeadroom(limits: ProcessLimits): ProcessLimits {
  const { nproc } = limits.resources;
  if (nproc === undefined) return limits;
  return { ...limits, resources: { ...limits.resources, nproc: `${Number(nproc) + headroom}` } };
}
