import type { Box } from '../box.ts';
import type { FakeInternet } from '../fake-internet.ts';

export type Kind =
  | 'killed'
  | 'stopped'
  | 'full'
  | 'resolver'
  | 'remote'
  | 'clock'
  | 'pressure'
  | 'repository'
  | 'socket'
  | 'removal';

/** Something that happens to a box for a while. */
export interface Fault {
  readonly kind: Kind;
  readonly name: string;
  /** Seconds it stands, at least and at most. */
  readonly stands: readonly [number, number];
  readonly begin: (ground: Ground) => Promise<unknown>;
  /** Takes back what does not end by itself; also where it never began. */
  readonly end?: (ground: Ground) => Promise<unknown>;
  /** Nothing can be saved meanwhile: it never meets a stop of the box. */
  readonly cutsRemote?: true;
}

/** What faults are done to. */
export interface Ground {
  readonly box: Box;
  readonly internet: FakeInternet;
  /** On the host, for what is kept of a run. */
  readonly folder: string;
  /** Sets the box's clock so many seconds ahead of the machine's. */
  readonly jump: (seconds: number) => void;
}

/** A script as root in the box, with the agent's uid in $agent. */
export function asRoot(script: string): (ground: Ground) => Promise<unknown> {
  return ({ box }) => box.root(`agent=${box.parts.uid}; ${script}`);
}

/** A script of the agent's user. */
export function asAgent(script: string): (ground: Ground) => Promise<unknown> {
  return ({ box }) => box.agent(script);
}
