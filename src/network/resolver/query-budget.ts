import { makeTokenBucket, type TokenBucket } from '../../core/token-bucket.ts';
import type { Rule } from '../../policy/rule.ts';

/** Names that may be new at once below one wildcard, and how many more each second. */
const newNames = { burst: 100, perSecond: 2 };

/** Says whether one more new name may be asked upstream. */
export interface Budget {
  take(rules: readonly Rule[]): boolean;
  forget(): void;
}

/**
 * Whoever owns a zone reads the names asked below it, so every new one can carry a secret out. Below a
 * wildcard they are rationed, one bucket each; the names of exact rules say nothing that the list does not.
 */
export function makeBudget(now: () => number): Budget {
  const buckets = new Map<string, TokenBucket>();
  return {
    take: (rules) => {
      const [rule] = rules;
      if (rule === undefined) return false;
      if (rules.some(({ wildcard }) => !wildcard)) return true;
      const bucket = buckets.get(rule.name) ?? makeTokenBucket({ ...newNames, now });
      buckets.set(rule.name, bucket);
      return bucket.take();
    },
    forget: () => buckets.clear(),
  };
}
