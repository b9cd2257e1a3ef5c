import type { AgentLimits } from '../confinement/agent-limits.ts';
import type { Identity } from '../confinement/profile.ts';
import type { NeighbourFacts } from '../policy/neighbour.ts';
import type { Range } from '../policy/range.ts';

export type Platform = 'fly' | 'kubernetes' | 'podman' | 'docker' | 'unknown';

/** Which of its two programs iptables is here. */
export type Backend = 'nft' | 'legacy';

/** Whom the agent runs as, and where it keeps its work. Plain data: it goes through the handover. */
export interface AgentUser {
  readonly agent: { readonly uid: number; readonly gid: number };
  /** Volumes that nobody owns yet: their roots become the agent's. */
  readonly given: readonly string[];
  /** Volumes that somebody else owns and the agent may write all the same. */
  readonly borrowed: readonly string[];
  /** Where the agent works: `/workspace`, or a folder of the volume at `/data`. */
  readonly workspace: string;
  /** The folder at `/data` that the home's `.claude` leads to; null where it is a folder of its own. */
  readonly claudeLink: string | null;
}

/** What the platform turned out to be. Plain data: it goes through the handover. */
export interface BoxEnvironment extends AgentUser {
  readonly platform: Platform;
  readonly sysAdmin: boolean;
  readonly nameservers: readonly string[];
  readonly upstreams: readonly string[];
  /** The engine's resolver, which is among them, asks others from here as root. */
  readonly engineForwards: boolean;
  readonly connected: readonly Range[];
  /** The box's own addresses. */
  readonly local: readonly Range[];
  readonly neighbours: NeighbourFacts;
  readonly ipv6: boolean;
  readonly agent: Identity & { readonly limits?: AgentLimits };
  /** Bytes the whole container may use: its limit, else the machine's memory; null where neither is known. */
  readonly memoryLimit: number | null;
}
