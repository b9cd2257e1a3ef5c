/** The proof asks for this name; it belongs to nobody (RFC 6761), so no allowlist can mean it. */
export const proofName = 'cloister-proof.invalid';
/** Documentation addresses: nobody is there, so a wall that fails lets out one packet to nowhere. */
export const proofAddresses = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const;

/** What became of one promise. `holds`: attacked in vain; `broken`: the attack succeeded; `unknown`: it proved nothing. */
export interface Finding {
  readonly promise: string;
  readonly verdict: 'holds' | 'broken' | 'unknown';
  readonly detail: string;
}
