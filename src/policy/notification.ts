/** What the operator may be told of, as `NOTIFY_ON` names it. */
export const kinds = ['waits', 'ends', 'turn', 'fails', 'limit', 'degraded'] as const;
export type Kind = (typeof kinds)[number];

interface Word {
  readonly kind: Kind;
  /** The whole of what is said of it: nothing that an agent, a repository or a program has said goes with it. */
  readonly text: string;
}

/** Everything that a notification can be about, by the word it goes by inside the box. */
export const notifications = {
  waits: { kind: 'waits', text: 'Claude waits for you' },
  turn: { kind: 'turn', text: 'Claude has finished its turn' },
  ended: { kind: 'ends', text: 'the session of Claude has ended' },
  failed: { kind: 'fails', text: 'Claude has stopped on an error' },
  limit: { kind: 'limit', text: 'Claude has hit a usage limit' },
  'task-done': { kind: 'ends', text: 'the task is done' },
  'task-failed': { kind: 'fails', text: 'the task has failed' },
  restarts: { kind: 'fails', text: 'Claude ends again and again' },
  'session-lost': { kind: 'fails', text: 'the session ends again and again' },
  saved: { kind: 'ends', text: 'the box has stopped, and its work is saved' },
  unsaved: { kind: 'fails', text: 'the box has stopped, and its work could not be saved' },
  'saved-in-part': { kind: 'fails', text: 'the box has stopped, and a part of its work could not be saved' },
  degraded: { kind: 'degraded', text: 'the box works, but somebody should look at it' },
  unhealthy: { kind: 'degraded', text: 'the box is unhealthy' },
  recovered: { kind: 'degraded', text: 'the box is healthy again' },
} as const satisfies Readonly<Record<string, Word>>;
export type NotificationWord = keyof typeof notifications;

/** What the agent's own hooks may say. */
export const agentWords: readonly NotificationWord[] = ['waits', 'turn', 'ended', 'failed', 'limit'];
