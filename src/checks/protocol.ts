/** The self-test asks for this name; it belongs to nobody (RFC 6761), so no allowlist can mean it. */
export const selfTestName = 'cloister-self-test.invalid';
/** Documentation addresses: nobody is there, so a firewall that fails lets out one packet to nowhere. */
export const selfTestAddresses = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const;

/**
 * What became of one promise. `holds`: attacked in vain; `broken`: the attack succeeded; `unknown`: it proved nothing;
 * `not tried`: there was no attack, for it could not even begin.
 */
export interface Finding {
  readonly promise: string;
  readonly verdict: 'holds' | 'broken' | 'unknown' | 'not tried';
  readonly detail: string;
}

/**
 * What may stay unknown without keeping the box from starting, and why. For the reference run on a network that works
 * the list is empty: each entry is a fault of the outside, not of the box.
 */
export const toleratedUnknowns: readonly { promise: string; detail: RegExp; why: string }[] = [
  { promise: 'an allowed name is reached', detail: /./, why: 'the outside may be down' },
  {
    promise: 'the agent is kept from writing below /proc',
    detail: /^no Landlock$/,
    why: 'a kernel before 5.13, or one built without it',
  },
  ...[
    'a denied name does not resolve',
    'another resolver than the box’s own is not reached',
    'an address outside the list is refused at once over IPv4',
    'a datagram outside the list is refused at once',
    'a name outside the list is refused on the wire, whatever the address',
  ].map((promise) => ({ promise, detail: /^ENETUNREACH$/, why: 'there may be no way out at all' })),
];

/** @returns whether the box may start although this promise could not be told. */
export function isTolerated({ promise, detail }: Finding): boolean {
  return toleratedUnknowns.some((entry) => entry.promise === promise && entry.detail.test(detail));
}

/** @returns whether every promise was attacked and held, but for what may stay unknown. What was not tried never may. */
export function areKept(findings: readonly Finding[]): boolean {
  return (
    findings.length > 0 &&
    findings.every(
      (finding) => finding.verdict === 'holds' || (finding.verdict === 'unknown' && isTolerated(finding)),
    )
  );
}

/**
 * Promises whose attacks the kernel's firewall has to have counted as refused, one packet each at least, by family. Where
 * there is no IPv6 the kernel itself refuses, and says so.
 */
export const countedPromises: Readonly<Record<4 | 6, readonly string[]>> = {
  4: [
    'an address outside the list is refused at once over IPv4',
    'a datagram outside the list is refused at once',
  ],
  6: ['an address outside the list is refused at once over IPv6'],
};
/** How a refusal says that it was another program's, across the network or the firewall. */
export const refusedByPacket = /^(ECONNREFUSED|EHOSTUNREACH|EACCES)$/;
