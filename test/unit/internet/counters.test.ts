import { expect, test } from 'vitest';
import { parseCounters, subtractCounters } from '../../internet/counters.ts';

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
