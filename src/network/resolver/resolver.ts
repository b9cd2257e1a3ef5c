import { type Failure, type Reason, type Refusal, reasonTexts, type Trouble } from '../../core/refusal.ts';
import type { AddressJudge } from '../address-class.ts';
import type { Allowlist } from '../allowlist/allowlist.ts';
import { normaliseName } from '../allowlist/name.ts';
import { Explanation, parseQuery, type Query, Rcode, renderAnswer, renderError } from './message.ts';
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
  | { readonly kind: 'denied'; readonly reason: Reason }
  | { readonly kind: 'failed'; readonly trouble: Trouble; readonly detail: string };

export interface ResolverParts {
  /** The rules of this moment: they change while the resolver runs. */
  readonly allowlist: () => Allowlist;
  readonly ask: AskUpstream;
  readonly mayDial: AddressJudge;
  /** Called with every fresh answer before anybody is told; where it rejects, the look-up has failed. */
  readonly learned: (name: string, addresses: readonly string[], ttl: number) => Promise<void> | void;
  /** Hears of every query that policy refused. */
  readonly refused: (refusal: Refusal) => void;
  /** Hears of every query for an allowed name that could not be answered. */
  readonly failed: (failure: Failure) => void;
  readonly now: () => number;
}

export interface Resolver {
  /** @returns the answer to a query, or null for bytes that deserve none. */
  answer(bytes: Buffer): Promise<Buffer | null>;
  /** Resolves one allowed name, in its normal form, from the cache or afresh. */
  resolve(name: string, options?: { fresh: boolean }): Promise<Resolution>;
  /** Drops every finished answer: the list has changed. */
  forget(): void;
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
  return { resolve, answer: (bytes) => answer(parts, resolve, bytes), forget: () => cache.clear() };
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
  if (name === null || parts.allowlist().rulesFor(name).length === 0)
    return refuse(parts, query.message, { name, reason: name === null ? 'not-a-name' : 'name-not-allowed' });
  if (query.type !== typeA) return renderAnswer(query, [], 0);
  const resolution = await resolve(name);
  switch (resolution.kind) {
    case 'addresses':
      return renderAnswer(query, resolution.addresses, resolution.ttl);
    case 'absent':
      return renderError(query.message, Rcode.noSuchName);
    case 'denied':
      return refuse(parts, query.message, { name, reason: resolution.reason });
    case 'failed': {
      const { trouble, detail } = resolution;
      parts.failed({ via: 'dns', trouble, name, port: null, detail });
      const why = { code: Explanation.noReachableAuthority, text: detail };
      return renderError(query.message, Rcode.serverFailure, why);
    }
  }
}

function refuse(
  parts: ResolverParts,
  message: Query['message'],
  { name, reason }: { name: string | null; reason: Reason },
): Buffer {
  parts.refused({ via: 'dns', reason, name, address: null, port: null });
  const text = `${name ?? 'the query'}: ${reasonTexts[reason]}`;
  return renderError(message, Rcode.noSuchName, { code: Explanation.blocked, text });
}

async function lookUp(parts: ResolverParts, name: string): Promise<Resolution> {
  try {
    const { rcode, addresses, ttl } = await parts.ask(name);
    if (rcode === Rcode.noSuchName) return { kind: 'absent' };
    if (rcode !== Rcode.ok)
      return { kind: 'failed', trouble: 'upstream-failed', detail: `it answered with rcode ${rcode}` };
    if (addresses.length === 0) return { kind: 'addresses', addresses, ttl: leastTtl };
    const good = addresses.filter(parts.mayDial);
    if (good.length === 0) return { kind: 'denied', reason: 'inside-address' };
    const bounded = Math.min(Math.max(ttl, leastTtl), mostTtl);
    await parts.learned(name, good, bounded);
    return { kind: 'addresses', addresses: good, ttl: bounded };
  } catch (error) {
    return { kind: 'failed', trouble: 'upstream-silent', detail: (error as Error).message };
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
