import { setTimeout as sleep } from 'node:timers/promises';
import type { FoundAddresses, Resolution, ResolverParts } from './resolver-parts.ts';

/** Milliseconds an answer whose time is over may still be used while the upstream is down (RFC 8767). */
const longestStale = 3_600_000;
const staleTtl = 30;
/** Milliseconds the upstream has before a stale answer is given in its place. */
const patience = 1800;
/** Milliseconds between two tries for a name while its stale answer is used. */
export const retryPause = 5000;

export type HeldAddresses = FoundAddresses & {
  /** When the upstream is tried again, where it failed to renew this. */
  retryAt: number | null;
};

/** Only addresses are used beyond their time, and only within bounds. */
export function isOfUse({ resolution, until }: FoundAddresses, now: number): boolean {
  return resolution.kind === 'addresses' && resolution.addresses.length > 0 && now < until + longestStale;
}

/** Gives what the upstream says where it says it soon, else what was known. */
export async function askWithPatience(
  parts: ResolverParts,
  { name, known, asked }: { name: string; known: HeldAddresses; asked: Promise<FoundAddresses> },
): Promise<FoundAddresses> {
  const over = new AbortController();
  const waited = sleep(patience, null, { signal: over.signal }).catch(() => null);
  const found = await Promise.race([asked, waited]);
  over.abort();
  if (found !== null && !isUpstreamDown(found.resolution)) return found;
  known.retryAt ??= parts.now() + retryPause;
  return makeDo(parts, name, known);
}

export function isUpstreamDown(resolution: Resolution): boolean {
  return resolution.kind === 'failed' && resolution.trouble !== 'pin-failed';
}

/** Gives the stale answer, once it is noted as one. It is not for repetition. */
export async function makeDo(
  parts: ResolverParts,
  name: string,
  { resolution }: FoundAddresses,
): Promise<FoundAddresses> {
  if (resolution.kind !== 'addresses') return { resolution, until: 0 };
  const { addresses } = resolution;
  try {
    await parts.learned(name, addresses, staleTtl);
    return { resolution: { kind: 'addresses', addresses, ttl: staleTtl }, until: 0 };
  } catch (error) {
    const { message: detail } = error as Error;
    return { resolution: { kind: 'failed', trouble: 'pin-failed', detail }, until: 0 };
  }
}
