import type { AddressJudge } from '../address-class.ts';
import type { Allowlist } from '../allowlist/allowlist.ts';
import { normaliseName } from '../allowlist/name.ts';
import { Explanation, parseQuery, Rcode, renderAnswer, renderError } from './message.ts';
import type { AskUpstream } from './upstream.ts';

const typeA = 1;
/** Seconds: a pin lives at least this long, so neither a longer cache nor a shorter one would help. */
const leastTtl = 5;
const mostTtl = 300;
const mostCached = 10_000;

/** What became of a name. `denied` means by policy; `failed` means for any other reason. */
export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly ttl: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface ResolverParts {
  readonly allowlist: Allowlist;
  readonly ask: AskUpstream;
  readonly mayDial: AddressJudge;
  /** Opens the wall for a name's addresses; resolves once the kernel has them. */
  readonly pin: (name: string, addresses: readonly string[], ttl: number) => Promise<void>;
  /** Hears of every denied name, already normalised. */
  readonly denied: (name: string, reason: string) => void;
  readonly now: () => number;
}

export interface Resolver {
  /** @returns the answer to a query, or null for bytes that deserve none. */
  answer(bytes: Buffer): Promise<Buffer | null>;
  /** Resolves and pins one allowed name, from the cache or afresh. */
  resolve(name: string, options?: { fresh: boolean }): Promise<Resolution>;
}

export function makeResolver(parts: ResolverParts): Resolver {
  const cache = new Map<string, { resolution: Resolution; expires: number }>();
  const asking = new Map<string, Promise<Resolution>>();

  const resolve = (name: string, options = { fresh: false }): Promise<Resolution> => {
    const known = cache.get(name);
    if (!options.fresh && known !== undefined && known.expires > parts.now())
      return Promise.resolve(known.resolution);
    const folded = asking.get(name);
    if (folded !== undefined) return folded;
    const fresh = lookUp(parts, name)
      .then((resolution) => {
        remember(cache, name, resolution, parts.now());
        return resolution;
      })
      .finally(() => asking.delete(name));
    asking.set(name, fresh);
    return fresh;
  };
  return { resolve, answer: (bytes) => answer(parts, resolve, bytes) };
}

async function answer(
  parts: ResolverParts,
  resolve: Resolver['resolve'],
  bytes: Buffer,
): Promise<Buffer | null> {
  const query = parseQuery(bytes);
  if (query === null) return null;
  if ('rcode' in query) return renderError(query.message, query.rcode);
  const name = normaliseName(query.name);
  if (name === null || parts.allowlist.rulesFor(name).length === 0) {
    const shown = name ?? '(no host name)';
    parts.denied(shown, 'not on the allowlist');
    const text = `${shown} is not on the allowlist`;
    return renderError(query.message, Rcode.noSuchName, { code: Explanation.blocked, text });
  }
  if (query.type !== typeA) return renderAnswer(query, [], 0);
  const resolution = await resolve(name);
  switch (resolution.kind) {
    case 'addresses':
      return renderAnswer(query, resolution.addresses, resolution.ttl);
    case 'absent':
      return renderError(query.message, Rcode.noSuchName);
    case 'denied':
      parts.denied(name, resolution.reason);
      return renderError(query.message, Rcode.noSuchName, {
        code: Explanation.blocked,
        text: resolution.reason,
      });
    case 'failed': {
      const why = { code: Explanation.noReachableAuthority, text: resolution.reason };
      return renderError(query.message, Rcode.serverFailure, why);
    }
  }
}

async function lookUp(parts: ResolverParts, name: string): Promise<Resolution> {
  try {
    const { rcode, addresses, ttl } = await parts.ask(name);
    if (rcode === Rcode.noSuchName) return { kind: 'absent' };
    if (rcode !== Rcode.ok) return { kind: 'failed', reason: `the upstream answered with rcode ${rcode}` };
    if (addresses.length === 0) return { kind: 'addresses', addresses, ttl: leastTtl };
    const good = addresses.filter(parts.mayDial);
    if (good.length === 0) {
      return { kind: 'denied', reason: `${name} answers only with private or local addresses` };
    }
    const bounded = Math.min(Math.max(ttl, leastTtl), mostTtl);
    await parts.pin(name, good, bounded);
    return { kind: 'addresses', addresses: good, ttl: bounded };
  } catch (error) {
    return { kind: 'failed', reason: (error as Error).message };
  }
}

function remember(
  cache: Map<string, { resolution: Resolution; expires: number }>,
  name: string,
  resolution: Resolution,
  now: number,
): void {
  const oldest = cache.size >= mostCached ? cache.keys().next() : { done: true as const, value: undefined };
  if (!oldest.done) cache.delete(oldest.value);
  const seconds = resolution.kind === 'addresses' ? resolution.ttl : leastTtl;
  cache.delete(name);
  if (resolution.kind !== 'failed') cache.set(name, { resolution, expires: now + seconds * 1000 });
}
