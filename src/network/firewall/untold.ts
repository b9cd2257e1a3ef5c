import type { Host } from '../../host/host.ts';
import type { Backend } from './apply.ts';

/** @returns how many packets the wall has refused since it stands without telling of them one by one. */
export async function readUntold(
  host: Host,
  { backend, ipv6 }: { backend: Backend; ipv6: boolean },
): Promise<number> {
  const programs = ipv6 ? ['iptables', 'ip6tables'] : ['iptables'];
  const counts = await Promise.all(
    programs.map(async (program) => {
      const argv = [`/usr/sbin/${program}-${backend}`, '-w', '-nvxL', 'CLOISTER-REFUSE'];
      return parseUntold((await host.run({ argv, timeout: 5000 })).stdout);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** @param listing what `iptables -nvxL CLOISTER-REFUSE` printed: two lines of head, then packets and octets of each rule. */
export function parseUntold(listing: string): number {
  const second = listing.split('\n')[3] ?? '';
  return Number(/^\s*([0-9]+)\s/.exec(second)?.[1] ?? 0);
}
