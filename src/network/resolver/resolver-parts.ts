import type { AddressJudge } from '../../policy/address-class.ts';
import type { Allowlist } from '../../policy/allowlist.ts';
import type { Failure, Reason, Refusal, Trouble } from '../../policy/refusal.ts';
import type { Transport } from '../dns-message.ts';
import type { AskUpstream } from '../upstream/upstream.ts';

/**
 * What became of a name. `denied` means by policy, which has `struck` these addresses; `failed` means for any other
 * reason. TTLs are in seconds.
 */
export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly ttl: number }
  | { readonly kind: 'absent'; readonly ttl?: number }
  | {
      readonly kind: 'denied';
      readonly reason: Reason;
      readonly ttl?: number;
      readonly struck?: readonly string[];
    }
  | { readonly kind: 'failed'; readonly trouble: Trouble; readonly detail: string };

/** What is known of a name. `until` is when its time is over, in milliseconds; it may be over already. */
export interface FoundAddresses {
  readonly resolution: Resolution;
  readonly until: number;
}

export interface ResolverParts {
  /** The rules of this moment: they change while the resolver runs. */
  readonly allowlist: () => Allowlist;
  readonly ask: AskUpstream;
  readonly mayDial: AddressJudge;
  /** The same for the neighbours, whose names others know; without it there are none. */
  /** What a name that somebody else resolves is answered with, or null: it is asked upstream. */
  readonly standIn?: (name: string) => string | null;
  readonly neighbours?: { readonly ask: AskUpstream; readonly mayReach: (name: string) => AddressJudge };
  /**
   * Called with every answer that is not from the cache before anybody is told; where it rejects, the look-up has
   * failed. The proxy notes whose address it is; only where the agent dials for itself does the firewall open for it.
   */
  readonly learned: (name: string, addresses: readonly string[], ttl: number) => Promise<void> | void;
  /** Hears of every query that policy refused. */
  readonly refused: (refusal: Refusal) => void;
  /** Hears of every query for an allowed name that could not be answered. */
  readonly failed: (failure: Failure) => void;
  readonly now: () => number;
}

/** The answer to a query, or null for bytes that deserve none. */
export type ReplyWith = Buffer | null;

export interface Resolver {
  /** Answers a query, for a stream unless told otherwise; at once where nothing has to be looked up. */
  answer(bytes: Buffer, over?: Transport): ReplyWith | Promise<ReplyWith>;
  /** Resolves one allowed name, in its normal form, from the cache or afresh. TTLs are the time left. */
  resolve(name: string, options?: { fresh: boolean }): Promise<Resolution>;
  /** Drops every finished answer: the list has changed. */
  forget(): void;
}
