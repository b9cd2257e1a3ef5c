import type { Allowlist } from '../../policy/allowlist.ts';
import type { Reason } from '../../policy/refusal.ts';
import type { Protocol } from '../../policy/rule.ts';

/** What a connection claims to be: a name in its normal form, the port it dialled, and how it speaks. */
export interface Claim {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** The list that allowed a claim last. Neither of them ever changes: it need not be asked again. */
const allowedBy = new WeakMap<Claim, Allowlist>();

/** @returns why no rule lets this out, or null where one does: the one place that says so. */
export function judge(allowlist: Allowlist, claim: Claim): Reason | null {
  if (allowedBy.get(claim) === allowlist) return null;
  const reason = findReason(allowlist, claim);
  if (reason === null) allowedBy.set(claim, allowlist);
  return reason;
}

function findReason(allowlist: Allowlist, { name, port, protocol }: Claim): Reason | null {
  const rules = allowlist.rulesFor(name);
  if (rules.length === 0) return 'name-not-allowed';
  return rules.some((rule) => rule.port === port && rule.protocol === protocol) ? null : 'port-not-allowed';
}
