/** What one proxy puts up with. Times are milliseconds. */
export interface Limits {
  /** Connections in all, and among them those whose name is not proven. */
  readonly connections: number;
  readonly unproven: number;
  /** Until a client has said what it wants, and for every later request head. */
  readonly hello: number;
  /** Until the next address of a name is tried beside the last one, and until all of them have failed. */
  readonly stagger: number;
  readonly dial: number;
  /** Until a proven connection without one octet either way is ended. */
  readonly idle: number;
  /** Until a client that was refused has to have read why. */
  readonly lingering: number;
}

export const connectionLimits: Limits = {
  connections: 8192,
  unproven: 4096,
  hello: 10_000,
  stagger: 500,
  dial: 10_000,
  idle: 3_600_000,
  lingering: 1000,
};
