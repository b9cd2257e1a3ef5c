import { getPublicSuffix } from 'tldts';
import { covers } from './live-list.ts';
import { parseRule } from './parse-rules.ts';
import { isHostName, type Refusal } from './refusal.ts';
import type { Denial } from './rule.ts';
import { type RuleSet, smallestSetWith } from './rule-set.ts';

/** `protocol` where the kernel's firewall saw the packet. */
type Tried = Refusal & { readonly protocol?: string };

/**
 * The rule that would allow what was refused: exactly that name and port, never a wildcard. It holds no character
 * that a shell would read as anything but text.
 * @returns null where no rule would help, or none can be written.
 */
export function ruleFor(refusal: Tried): string | null {
  const { name } = refusal;
  if (!wouldHelp(refusal)) return null;
  const suffix = portSuffixOf(refusal);
  if (!isHostName(name) || suffix === null) return null;
  const text = `${name}${suffix}`;
  if (typeof parseRule(text) === 'string') return null;
  return getPublicSuffix(name, { allowPrivateDomains: true }) === name ? null : text;
}

/** What would allow what was refused. */
export interface Remedy {
  /** Exactly that name and port, or null where no rule helps. */
  readonly rule: string | null;
  /** The set that has it, without the `@`: what else the same work will ask for is in it. */
  readonly set: string | null;
}

/** @param denied what an operator has denied: for that no set is the answer. */
export function findRemedy(
  refusal: Tried,
  { sets, denied }: { sets: readonly RuleSet[]; denied: readonly Denial[] },
): Remedy {
  const text = ruleFor(refusal);
  const rule = text === null ? null : parseRule(text);
  if (rule === null || typeof rule === 'string') return { rule: null, set: null };
  const isDenied = denied.some((denial) => covers(denial, rule));
  return { rule: text, set: isDenied ? null : (smallestSetWith(rule, sets)?.name ?? null) };
}

/** Rules are for TCP; other reasons than these two no rule changes. */
function wouldHelp({ reason, protocol = 'tcp' }: Tried): boolean {
  return protocol === 'tcp' && (reason === 'name-not-allowed' || reason === 'port-not-allowed');
}

/** @returns what stands behind the name, or null where the protocol has no rule for that port. */
function portSuffixOf({ via, port }: Refusal): string | null {
  switch (via) {
    case 'dns':
      return '';
    case 'tls':
      if (port === 80) return null;
      return port === null || port === 443 ? '' : `:${port}`;
    case 'http':
      return port === null || port === 80 ? ':80' : null;
    case 'tcp':
      return port === null ? null : `:${port}/tcp`;
    case 'firewall':
      // What would have been said there nobody knows: on the ports of the web, what is said on them elsewhere.
      if (port === 443 || port === null) return port === null ? null : '';
      return port === 80 ? ':80' : `:${port}/tcp`;
  }
}
