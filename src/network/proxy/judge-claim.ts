import type { Allowlist } from '../../policy/allowlist.ts';
import type { Reason } from '../../policy/refusal.ts';
import type { Protocol } from '../../policy/rule.ts';

/** What a connection claims to be: a name in its normal form, the port it dialled, and how it speaks. */
export interface Claim {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** It hides another name, or pretends to. */
  readonly hides?: boolean;
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

function findReason(allowlist: Allowlist, { name, port, protocol, hides }: Claim): Reason | null {
  const rules = allowlist.rulesFor(name);
  if (rules.length === 0) return 'name-not-allowed';
  const open = rules.filter((rule) => rule.port === port && rule.protocol === protocol);
  if (open.length === 0) return 'port-not-allowed';
  return hides === true && !open.some(({ ech }) => ech === true) ? 'hidden-name' : null;
}
