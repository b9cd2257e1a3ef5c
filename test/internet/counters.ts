import { readFile } from 'node:fs/promises';

/**
 * What arrived without a socket to take it, by the kernel's own count: pings, datagrams for closed
 * ports, connections to closed ports, protocols nobody speaks.
 */
export type Counters = Record<string, number>;

const watched = [
  'Icmp.InEchos',
  'Icmp6.InEchos',
  'Udp.NoPorts',
  'Udp6.NoPorts',
  'UdpLite.NoPorts',
  'UdpLite6.NoPorts',
  'Tcp.OutRsts',
  'Ip.InUnknownProtos',
  'Ip6.InUnknownProtos',
];

export async function readCounters(): Promise<Counters> {
  const [v4, v6] = await Promise.all([
    readFile('/proc/net/snmp', 'utf8'),
    readFile('/proc/net/snmp6', 'utf8').catch(() => ''),
  ]);
  return parseCounters(v4, v6);
}

/**
 * @param v4 `/proc/net/snmp`: pairs of lines, names and values
 * @param v6 `/proc/net/snmp6`: one name and value a line
 */
export function parseCounters(v4: string, v6: string): Counters {
  const found = new Map<string, number>();
  const lines = v4.split('\n');
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [group, ...names] = (lines[at] ?? '').split(/[:\s]+/);
    const values = (lines[at + 1] ?? '').split(/\s+/).slice(1);
    names.forEach((name, index) => {
      found.set(`${group}.${name}`, Number(values[index]));
    });
  }
  for (const [, group, name, value] of v6.matchAll(/^(Ip6|Icmp6|Udp6|UdpLite6)(\w+)\s+(\d+)$/gm)) {
    found.set(`${group}.${name}`, Number(value));
  }
  return Object.fromEntries(watched.map((name) => [name, found.get(name) ?? 0]));
}

export function subtractCounters(now: Counters, before: Counters): Counters {
  return Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}
