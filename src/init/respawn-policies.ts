/** When a child that ended is started again, and what is thought of it. Times are milliseconds. */
export interface Policy {
  /** Before the first restart; doubled at each further one, up to the longest. */
  readonly pause: number;
  readonly longest: number;
  /** Who lives so long is well: the next restart is a first one again. */
  readonly settled: number;
  /** So many ends within so long, none of a life that settled: failing. It is tried on, at the longest pause. */
  readonly failing: { readonly ends: number; readonly within: number };
}

/**
 * The agent can end every one of these (its own by a signal, the others by what it asks of them), so none of them
 * ever takes the box down: work would go with it. What the box can't do meanwhile is closed, not open.
 */
export const policies = {
  egress: { pause: 50, longest: 10_000, settled: 1000, failing: { ends: 8, within: 60_000 } },
  'packet-log': { pause: 100, longest: 10_000, settled: 1000, failing: { ends: 8, within: 60_000 } },
  session: { pause: 100, longest: 10_000, settled: 2000, failing: { ends: 8, within: 60_000 } },
} as const satisfies Record<string, Policy>;
