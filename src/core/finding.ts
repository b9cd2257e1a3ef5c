/** What became of one promise. `holds`: attacked in vain; `broken`: the attack succeeded; `unknown`: it proved nothing. */
export interface Finding {
  readonly promise: string;
  readonly verdict: 'holds' | 'broken' | 'unknown';
  readonly detail: string;
}
