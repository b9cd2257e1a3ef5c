/** The proof asks for this name; it belongs to nobody (RFC 6761), so no allowlist can mean it. */
export const proofName = 'cloister-proof.invalid';

/** What became of one promise. `holds`: attacked in vain; `broken`: the attack succeeded; `unknown`: it proved nothing. */
export interface Finding {
  readonly promise: string;
  readonly verdict: 'holds' | 'broken' | 'unknown';
  readonly detail: string;
}
