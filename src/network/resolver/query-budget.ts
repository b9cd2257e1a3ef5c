import type { Rule } from '../../policy/rule.ts';

/** Names that may be new at once below one wildcard, and how many more each second. */
const burst = 100;
const perSecond = 2;

/** Says whether one more new name may be asked upstream. */
export interface Budget {
  take(rules: readonly Rule[], now: number): boolean;
  forget(): void;
}

/**
 * Whoever owns a zone reads the names asked below it, so every new one can carry a secret out. Below a
 * wildcard they are rationed, one bucket each; the names of exact rules say nothing that the list does not.
 */
export function makeBudget(): Budget {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take: (rules, now) => {
      const [rule] = rules;
      if (rule === undefined) return false;
      if (rules.some(({ wildcard }) => !wildcard)) return true;
      const { tokens, at } = buckets.get(rule.name) ?? { tokens: burst, at: now };
      const filled = Math.min(burst, tokens + ((now - at) / 1000) * perSecond);
      buckets.set(rule.name, { tokens: filled >= 1 ? filled - 1 : filled, at: now });
      return filled >= 1;
    },
    forget: () => buckets.clear(),
  };
}
