import { LRUCache } from 'lru-cache';
import { findTtls } from '../dns-message.ts';

/** Octets of queries and answers together, and what each pair costs beyond its own. */
const mostOctets = 1024 ** 2;
const costOfEntry = 256;
const longestQuery = 512;

interface Entry {
  readonly answer: Buffer;
  readonly expires: number;
  readonly ttls: readonly number[];
  readonly isCurrent: () => boolean;
  ttl: number;
}

/** Finished answers, ready to be sent: neither query nor answer is decoded or encoded again. */
export interface Finished {
  /**
   * @returns the answer to exactly this query, but under another's id, with the seconds it has left; or null. It is to
   * be copied at once.
   */
  find(query: Buffer, now: number): Buffer | null;
  /** @param isCurrent false once the resolver knows something newer. */
  keep(query: Buffer, finished: Pick<Entry, 'answer' | 'expires' | 'isCurrent'>): void;
  forget(): void;
}

/**
 * An answer belongs to all the octets of a query behind its id: the casing it has to echo, its flags, and
 * the size of datagram that the client takes. Bounded in octets; what was asked for longest ago goes first.
 */
export function makeFinished(): Finished {
  const entries = new LRUCache<string, Entry>({
    maxSize: mostOctets,
    sizeCalculation: ({ answer }, key) => costOfEntry + key.length + answer.length,
  });
  return {
    find: (query, now) => {
      if (query.length > longestQuery) return null;
      const key = keyOf(query);
      const entry = entries.get(key);
      if (entry === undefined) return null;
      if (entry.expires > now && entry.isCurrent()) return age(entry, now);
      entries.delete(key);
      return null;
    },
    keep: (query, { answer, expires, isCurrent }) => {
      if (query.length > longestQuery) return;
      // A copy, for its TTLs are changed in place; outside the pool, of which it would keep 8 KB alive.
      const copy = Buffer.allocUnsafeSlow(answer.length);
      answer.copy(copy);
      entries.set(keyOf(query), { answer: copy, expires, isCurrent, ttls: findTtls(answer), ttl: -1 });
    },
    forget: () => entries.clear(),
  };
}

/** A hash of our own would be little quicker, and every one has queries that share it. */
function keyOf(query: Buffer): string {
  return query.toString('latin1', 2);
}

function age(entry: Entry, now: number): Buffer {
  const left = Math.ceil((entry.expires - now) / 1000);
  if (entry.ttl !== left) {
    entry.ttl = left;
    for (const at of entry.ttls) entry.answer.writeUInt32BE(left, at);
  }
  return entry.answer;
}
