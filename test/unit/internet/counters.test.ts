import { expect, test } from 'vitest';
import { parseCounters, parsePackets, subtractCounters } from '../../internet/counters.ts';

const snmp = `Ip: Forwarding InUnknownProtos
Ip: 1 4
Icmp: InMsgs InEchos
Icmp: 9 7
Udp: InDatagrams NoPorts
Udp: 5 2
`;
const snmp6 = `Ip6InReceives                   	12
Icmp6InEchos                    	3
UdpLite6NoPorts                 	1
`;

test('reads both families of counters by name', () => {
  expect(parseCounters(snmp, snmp6)).toMatchObject({
    'Ip.InUnknownProtos': 4,
    'Icmp.InEchos': 7,
    'Udp.NoPorts': 2,
    'Icmp6.InEchos': 3,
    'UdpLite6.NoPorts': 1,
  });
});

test('counts nothing for a family that the kernel does not have', () => {
  expect(parseCounters(snmp, '')['Icmp6.InEchos']).toBe(0);
});

test('shows what came since the last look', () => {
  expect(subtractCounters({ 'Icmp.InEchos': 7 }, { 'Icmp.InEchos': 5 })).toEqual({ 'Icmp.InEchos': 2 });
});

test('adds the packets of both families up, and leaves other rules out', () => {
  const rules = `[9:900] -A INPUT -d 198.51.100.0/24 -j ACCEPT
[2:120] -A INPUT -d 198.51.100.66/32 -m comment --comment "packets.canary"
[1:80] -A INPUT -d 2001:db8:c10::66/128 -m comment --comment "packets.canary"`;
  expect(parsePackets(rules)).toEqual({ 'packets.canary': 3, 'packets.elsewhere': 0 });
});
