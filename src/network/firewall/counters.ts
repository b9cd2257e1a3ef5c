import type { Host } from '../../host/host.ts';
import type { Backend } from '../../state/environment.ts';

/** Packets the firewall has refused since it stands: those it told of one by one, and the rest. */
export interface RefusalCounters {
  readonly told: number;
  readonly untold: number;
}

/** Reads both families' counters, added up. */
export async function readCounters(
  host: Host,
  { backend, ipv6 }: { backend: Backend; ipv6: boolean },
): Promise<RefusalCounters> {
  const [four, six] = await Promise.all([
    readFamily(host, { backend, family: 4 }),
    ipv6 ? readFamily(host, { backend, family: 6 }) : { told: 0, untold: 0 },
  ]);
  return { told: four.told + six.told, untold: four.untold + six.untold };
}

/** Reads one family's counters. */
export async function readFamily(
  host: Host,
  { backend, family }: { backend: Backend; family: 4 | 6 },
): Promise<RefusalCounters> {
  const program = family === 4 ? 'iptables' : 'ip6tables';
  const argv = [`/usr/sbin/${program}-${backend}`, '-w', '-nvxL', 'CLOISTER-REFUSE'];
  return parseCounters((await host.run({ argv, timeout: 5000 })).stdout);
}

/** @param listing what `iptables -nvxL CLOISTER-REFUSE` printed: two lines of head, then packets and octets of each rule. */
export function parseCounters(listing: string): RefusalCounters {
  const [, , told = '', untold = ''] = listing.split('\n');
  const packets = (line: string) => Number(/^\s*([0-9]+)\s/.exec(line)?.[1] ?? 0);
  return { told: packets(told), untold: packets(untold) };
}
