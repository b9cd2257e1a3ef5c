import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { lookUp } from './look-up.ts';
import { makeBudget } from './query-budget.ts';
import type { Resolution, ResolverParts } from './resolver-parts.ts';

const mostHeld = 10_000;
/** Milliseconds an answer whose time is over may still be used while the upstream is down (RFC 8767). */
const longestStale = 3_600_000;
const staleTtl = 30;
/** Milliseconds the upstream has before a stale answer is given in its place. */
const patience = 1800;
/** Milliseconds between two tries for a name while its stale answer is used. */
const retryPause = 5000;

/** What is known of a name. `until` is when its time is over, in milliseconds; it may be over already. */
export interface FoundAddresses {
  readonly resolution: Resolution;
  readonly until: number;
}

type Held = FoundAddresses & {
  /** When the upstream is tried again, where it failed to renew this. */
  retryAt: number | null;
};

/** The names looked up so far. */
export interface Names {
  /**
   * @returns what is known, at once where its time is not over; else what a look-up finds, one for all who
   * ask.
   */
  find(name: string, options: { fresh: boolean }): FoundAddresses | Promise<FoundAddresses>;
  /** @returns whether this is still the last word on the name. */
  isCurrent(name: string, found: FoundAddresses): boolean;
  forget(): void;
}

export function makeNames(parts: ResolverParts): Names {
  const budget = makeBudget(parts.now);
  let held = makeHeld();
  let asking = new Map<string, Promise<FoundAddresses>>();

  const ask = (name: string): Promise<FoundAddresses> => {
    const folded = asking.get(name);
    if (folded !== undefined) return folded;
    const rules = parts.allowlist().rulesFor(name);
    if (rules.length === 0) return Promise.resolve(refusal('name-not-allowed'));
    if (!held.has(name) && !budget.take(rules)) return Promise.resolve(refusal('too-many-names'));
    // The maps of this list of rules: what comes back after the next one has no say any more.
    const [into, among] = [held, asking];
    const asked = lookUp(parts, name)
      .then((resolution) => remember(into, { name, resolution, now: parts.now() }))
      .finally(() => among.delete(name));
    among.set(name, asked);
    return asked;
  };
  return {
    find: (name, { fresh }) => {
      const now = parts.now();
      const known = held.get(name);
      if (fresh || known === undefined) return ask(name);
      if (known.until > now) return known;
      if (!isOfUse(known, now)) return ask(name);
      if (known.retryAt === null) return askWithPatience(parts, { name, known, asked: ask(name) });
      if (now >= known.retryAt) {
        known.retryAt = now + retryPause;
        void ask(name);
      }
      return makeDo(parts, name, known);
    },
    isCurrent: (name, found) => held.peek(name) === found,
    forget: () => {
      held = makeHeld();
      asking = new Map();
      budget.forget();
    },
  };
}

/** A size, for what has a greatest number takes the room for all of them at once. */
function makeHeld(): LRUCache<string, Held> {
  return new LRUCache({ maxSize: mostHeld, sizeCalculation: () => 1 });
}

function refusal(reason: 'name-not-allowed' | 'too-many-names'): FoundAddresses {
  return { resolution: { kind: 'denied', reason }, until: 0 };
}

/** A name that failed is held as well: it has been asked, and counts as new no more. */
function remember(
  held: LRUCache<string, Held>,
  { name, resolution, now }: { name: string; resolution: Resolution; now: number },
): FoundAddresses {
  const known = held.get(name);
  if (isUpstreamDown(resolution) && known !== undefined && isOfUse(known, now)) {
    known.retryAt = now + retryPause;
    return { resolution, until: 0 };
  }
  const seconds = 'ttl' in resolution ? resolution.ttl : 0;
  const found = { resolution, until: now + seconds * 1000, retryAt: null };
  held.set(name, found);
  return found;
}

/** Only addresses are used beyond their time, and only within bounds. */
function isOfUse({ resolution, until }: FoundAddresses, now: number): boolean {
  return resolution.kind === 'addresses' && resolution.addresses.length > 0 && now < until + longestStale;
}

async function askWithPatience(
  parts: ResolverParts,
  { name, known, asked }: { name: string; known: Held; asked: Promise<FoundAddresses> },
): Promise<FoundAddresses> {
  const over = new AbortController();
  const waited = sleep(patience, null, { signal: over.signal }).catch(() => null);
  const found = await Promise.race([asked, waited]);
  over.abort();
  if (found !== null && !isUpstreamDown(found.resolution)) return found;
  known.retryAt ??= parts.now() + retryPause;
  return makeDo(parts, name, known);
}

function isUpstreamDown(resolution: Resolution): boolean {
  return resolution.kind === 'failed' && resolution.trouble !== 'pin-failed';
}

/** Gives the stale answer, once it is noted as one. It is not for repetition. */
async function makeDo(
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
