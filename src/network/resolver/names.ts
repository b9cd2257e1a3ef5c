import { LRUCache } from 'lru-cache';
import { Rcode } from '../dns-message.ts';
import type { UpstreamAnswer } from '../upstream/upstream-message.ts';
import { makeBudget } from './query-budget.ts';
import type { FoundAddresses, Resolution, ResolverParts } from './resolver-parts.ts';
import {
  askWithPatience,
  type HeldAddresses,
  isOfUse,
  isUpstreamDown,
  makeDo,
  retryPause,
} from './stale-answers.ts';

const mostHeld = 10_000;
/** Seconds an answer is held, at least and at most; what is dialled later is pinned anew. */
const leastTtl = 5;
const mostTtl = 300;
/** Seconds a name may count as absent or empty: it may just be coming into being. */
const mostNegativeTtl = 60;

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
function makeHeld(): LRUCache<string, HeldAddresses> {
  return new LRUCache({ maxSize: mostHeld, sizeCalculation: () => 1 });
}

function refusal(reason: 'name-not-allowed' | 'too-many-names'): FoundAddresses {
  return { resolution: { kind: 'denied', reason }, until: 0 };
}

/** Asks upstream for a name, judges the addresses and has them noted as an answer. Never throws. */
async function lookUp(parts: ResolverParts, name: string): Promise<Resolution> {
  const { ask, mayDial, longestTtl, refusal } = sourceOf(parts, name);
  const standIn = refusal === 'not-beside' ? null : (parts.standIn?.(name) ?? null);
  if (standIn !== null) return note(parts, name, { addresses: [standIn], ttl: mostTtl });
  let answer: UpstreamAnswer;
  try {
    answer = await ask(name);
  } catch (error) {
    return { kind: 'failed', trouble: 'upstream-silent', detail: (error as Error).message };
  }
  const { rcode, addresses } = answer;
  const negativeTtl = bound(answer.ttl, Math.min(mostNegativeTtl, longestTtl));
  // An engine that knows no such neighbour asks others, gets no answer, and says so.
  if (rcode === Rcode.noSuchName || (refusal === 'not-beside' && rcode !== Rcode.ok))
    return { kind: 'absent', ttl: negativeTtl };
  if (rcode !== Rcode.ok)
    return { kind: 'failed', trouble: 'upstream-failed', detail: `it answered with rcode ${rcode}` };
  if (addresses.length === 0) return { kind: 'addresses', addresses, ttl: negativeTtl };
  const good = addresses.filter(mayDial);
  if (good.length === 0) return { kind: 'denied', reason: refusal, ttl: negativeTtl, struck: addresses };
  const ttl = bound(answer.ttl, longestTtl);
  return note(parts, name, { addresses: good, ttl });
}

async function note(
  parts: ResolverParts,
  name: string,
  { addresses, ttl }: { readonly addresses: readonly string[]; readonly ttl: number },
): Promise<Resolution> {
  try {
    await parts.learned(name, addresses, ttl);
    return { kind: 'addresses', addresses, ttl };
  } catch (error) {
    return { kind: 'failed', trouble: 'pin-failed', detail: (error as Error).message };
  }
}

/** A neighbour's address is another's as soon as its container is gone: no answer about one is held for long. */
function sourceOf({ allowlist, neighbours, ...parts }: ResolverParts, name: string) {
  const isNeighbour = allowlist()
    .rulesFor(name)
    .some(({ neighbour }) => neighbour);
  if (neighbours === undefined || !isNeighbour)
    return {
      ask: parts.ask,
      mayDial: parts.mayDial,
      longestTtl: mostTtl,
      refusal: 'inside-address',
    } as const;
  const mayDial = neighbours.mayReach(name);
  return { ask: neighbours.ask, mayDial, longestTtl: leastTtl, refusal: 'not-beside' } as const;
}

function bound(ttl: number, most: number): number {
  return Math.min(Math.max(ttl, leastTtl), most);
}

/** A name that failed is held as well: it has been asked, and counts as new no more. */
function remember(
  held: LRUCache<string, HeldAddresses>,
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
