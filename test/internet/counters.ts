import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { AddressPlan } from './addresses.ts';

const run = promisify(execFile);

/**
 * What arrived although no socket took it, by the kernel's own count. `packets.canary` and
 * `packets.elsewhere` (an address outside the network) count packets of every protocol; the others
 * are pings, datagrams for closed ports and protocols nobody speaks, whatever their address.
 */
export type Counters = Record<string, number>;

const watched = [
  'Icmp.InEchos',
  'Icmp6.InEchos',
  'Udp.NoPorts',
  'Udp6.NoPorts',
  'UdpLite.NoPorts',
  'UdpLite6.NoPorts',
  'Ip.InUnknownProtos',
  'Ip6.InUnknownProtos',
];

/** Rules that only count: one for the canary's address, one for every unicast address outside the network. */
export async function startPacketCounters(
  plan: AddressPlan,
  subnet4: string,
  subnet6?: string,
): Promise<void> {
  await countPackets('iptables', plan.canary.v4, [subnet4, '127.0.0.0/8', '224.0.0.0/3']);
  if (subnet6 === undefined || plan.canary.v6 === undefined) return;
  await countPackets('ip6tables', plan.canary.v6, [subnet6, '::1/128', 'fe80::/10', 'ff00::/8']);
}

export async function readCounters(): Promise<Counters> {
  const [v4, v6, rules4, rules6] = await Promise.all([
    readFile('/proc/net/snmp', 'utf8'),
    readFile('/proc/net/snmp6', 'utf8').catch(() => ''),
    run('iptables-save', ['-c', '-t', 'filter']),
    run('ip6tables-save', ['-c', '-t', 'filter']),
  ]);
  return { ...parseCounters(v4, v6), ...parsePackets(`${rules4.stdout}\n${rules6.stdout}`) };
}

/** @param rules what `iptables-save -c` prints; both families may follow one another */
export function parsePackets(rules: string): Counters {
  const counters: Counters = { 'packets.canary': 0, 'packets.elsewhere': 0 };
  for (const [, count, name] of rules.matchAll(/^\[(\d+):\d+\] .*--comment "?(packets\.\w+)/gm)) {
    counters[`${name}`] = (counters[`${name}`] ?? 0) + Number(count);
  }
  return counters;
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

async function countPackets(program: string, canary: string, inside: readonly string[]): Promise<void> {
  const comment = (text: string) => ['-m', 'comment', '--comment', text];
  await run(program, ['-A', 'INPUT', '-d', canary, ...comment('packets.canary')]);
  for (const range of inside) await run(program, ['-A', 'INPUT', '-d', range, '-j', 'ACCEPT']);
  await run(program, ['-A', 'INPUT', ...comment('packets.elsewhere')]);
}
