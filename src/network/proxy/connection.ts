import type { Socket } from 'node:net';
import type { Reason, Trouble, Via } from '../../policy/refusal.ts';
import type { Claim } from './judge-claim.ts';
import type { Limits } from './proxy-limits.ts';
import type { Destination, ProxyParts } from './proxy-parts.ts';

/** One connection of the agent's, from its arrival until it is closed. */
export interface Connection {
  readonly socket: Socket;
  readonly destination: Destination;
  /** What it has been let out as: one claim, or on plain HTTP one for every name asked for. */
  readonly claims: Map<string, Claim>;
  /** Its name is known and allowed: from now on it counts as a relay. */
  prove(claim: Claim): void;
  /** Ends it as a network would: with a reset. */
  cut(): void;
}

/** What every way of speaking needs of the proxy. */
export interface ProxyContext {
  readonly parts: ProxyParts;
  readonly limits: Limits;
}

/** Tells of a refusal of this connection. */
export function tellRefused(
  { parts }: ProxyContext,
  { destination }: Connection,
  { via, reason, name }: { via: Via; reason: Reason; name: string | null },
): void {
  parts.refused({ via, reason, name, address: destination.address, port: destination.port });
}

/** Tells of a connection that nobody refused and that came to nothing. */
export function tellFailed(
  { parts }: ProxyContext,
  { destination }: Connection,
  failure: { via: Via; trouble: Trouble; name: string | null; detail: string },
): void {
  const { via, trouble, name, detail } = failure;
  parts.failed({ via, trouble, name, port: destination.port, detail });
}
