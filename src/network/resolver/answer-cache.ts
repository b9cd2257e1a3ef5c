import { findTtls } from './dns-message.ts';

const mostEntries = 4096;
/** Octets of queries and answers together. */
const mostOctets = 1024 ** 2;
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
 * the size of datagram that the client takes. Bounded in number and octets; the oldest goes first.
 */
export function makeFinished(): Finished {
  const entries = new Map<string, Entry>();
  let octets = 0;
  const drop = (key: string, entry: Entry) => {
    entries.delete(key);
    octets -= key.length + entry.answer.length;
  };
  return {
    find: (query, now) => {
      if (query.length > longestQuery) return null;
      const key = keyOf(query);
      const entry = entries.get(key);
      if (entry === undefined) return null;
      if (entry.expires > now && entry.isCurrent()) return age(entry, now);
      drop(key, entry);
      return null;
    },
    keep: (query, { answer, expires, isCurrent }) => {
      if (query.length > longestQuery) return;
      const key = keyOf(query);
      const known = entries.get(key);
      if (known !== undefined) drop(key, known);
      // A copy, for its TTLs are changed in place; outside the pool, of which it would keep 8 KB alive.
      const copy = Buffer.allocUnsafeSlow(answer.length);
      answer.copy(copy);
      entries.set(key, { answer: copy, expires, isCurrent, ttls: findTtls(answer), ttl: -1 });
      octets += key.length + answer.length;
      for (const [oldest, entry] of entries) {
        if (entries.size <= mostEntries && octets <= mostOctets) break;
        drop(oldest, entry);
      }
    },
    forget: () => {
      entries.clear();
      octets = 0;
    },
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
