/**
 * Milliseconds that each part of an ordered stop may take, in the order in which they come. A test holds that all of it
 * fits into the grace that every way to run the box gives.
 */
export const stopBudget = {
  /** Session, or the agent that runs once: from SIGTERM to SIGKILL. */
  session: 5000,
  /** Whatever else runs as the agent user. */
  agents: 5000,
  /** The last rescue, and what its program may take longer than it was told to. */
  rescue: 38_000,
  rescueMargin: 2000,
  /** Notifications that still wait. */
  lastWords: 3000,
  /** The egress process and the packet logger, side by side. */
  egress: 5000,
} as const;

/** Milliseconds an ordered stop may take after a fault of our own: what is broken may be the stop itself. */
export const stopLimit = 60_000;
