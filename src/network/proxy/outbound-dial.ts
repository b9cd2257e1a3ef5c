import type { OnReadOpts, Socket } from 'node:net';
import type { Reason, Trouble } from '../../policy/refusal.ts';
import type { Resolution } from '../resolver/resolver-parts.ts';
import { dial } from './dial.ts';
import { type Claim, judge } from './judge-claim.ts';
import type { Limits } from './proxy-limits.ts';
import type { ProxyParts } from './proxy-parts.ts';
import { type ProxyWay, troubleOf } from './proxy-way.ts';

/** What became of the way out for a claim. */
export type DialResult =
  /** `piped`: the socket is paused and read as a stream, whatever `onread` was wanted. */
  | { readonly kind: 'open'; readonly socket: Socket; readonly piped?: true }
  | { readonly kind: 'refused'; readonly reason: Reason }
  | { readonly kind: 'failed'; readonly trouble: Trouble; readonly detail: string; readonly late: boolean }
  /** The client has gone meanwhile. */
  | { readonly kind: 'gone' };

export interface DialParts {
  readonly parts: ProxyParts;
  readonly limits: Limits;
  readonly isGone: () => boolean;
  /** How the socket is to be read, where that is not as a stream. */
  readonly onread?: OnReadOpts;
}

/** Resolves a claimed name itself, has the firewall opened for the answer, and dials. Never rejects. */
export async function dialOutbound(from: DialParts, claim: Claim): Promise<DialResult> {
  const early = obstacle(from, claim);
  if (early !== null) return early;
  const { way } = from.parts;
  if (way?.covers(claim.name)) return dialThrough(from, claim, way);
  const resolution = await from.parts
    .resolve(claim.name)
    .catch((error: Error): Resolution => ({ ...trouble('upstream-failed', error) }));
  switch (resolution.kind) {
    case 'denied':
      return { kind: 'refused', reason: resolution.reason };
    case 'absent':
      return trouble('no-such-name', new Error('it does not exist'));
    case 'failed':
      return { ...resolution, late: false };
    case 'addresses':
      if (resolution.addresses.length === 0) return trouble('no-address', new Error('the answer is empty'));
      return dialAddresses(from, claim, resolution);
  }
}

/** Plain HTTP is asked of the proxy itself, everything else through a tunnel. */
async function dialThrough(from: DialParts, claim: Claim, way: ProxyWay): Promise<DialResult> {
  try {
    const socket = await (claim.protocol === 'http' ? way.reach() : way.tunnel(claim));
    const after = obstacle(from, claim);
    if (after !== null) socket.destroy();
    return after ?? { kind: 'open', socket, piped: true };
  } catch (error) {
    return { kind: 'failed', ...troubleOf(error), late: false };
  }
}

/** Has the firewall opened for these addresses of a claimed name, and dials. Never rejects. */
export async function dialAddresses(
  from: DialParts,
  claim: Claim,
  { addresses, ttl }: { readonly addresses: readonly string[]; readonly ttl: number },
): Promise<DialResult> {
  // The list may have changed, and the client left, at every wait.
  const before = obstacle(from, claim);
  if (before !== null) return before;
  try {
    await from.parts.pin({ name: claim.name, port: claim.port, addresses, ttl });
  } catch (error) {
    return trouble('pin-failed', error as Error);
  }
  const pinned = obstacle(from, claim);
  if (pinned !== null) return pinned;
  try {
    const socket = await dial(addresses, claim.port, { ...from.limits, onread: from.onread });
    const after = obstacle(from, claim);
    if (after !== null) socket.destroy();
    return after ?? { kind: 'open', socket };
  } catch (error) {
    return trouble('dial-failed', error as NodeJS.ErrnoException);
  }
}

function obstacle({ parts, isGone }: DialParts, claim: Claim): DialResult | null {
  if (isGone()) return { kind: 'gone' };
  const reason = judge(parts.allowlist(), claim);
  return reason === null ? null : { kind: 'refused', reason };
}

function trouble(what: Trouble, error: NodeJS.ErrnoException): Extract<DialResult, { kind: 'failed' }> {
  return { kind: 'failed', trouble: what, detail: error.message, late: error.code === 'ETIMEDOUT' };
}
