import { expect, test } from 'vitest';
import { FakeMachine } from '../../../../src/host/fake-host.ts';
import { parseCounters, readCounters } from '../../../../src/network/firewall/counters.ts';

const listing = `Chain CLOISTER-REFUSE (12 references)
    pkts      bytes target     prot opt in     out     source               destination
     120    10080 CLOISTER-LOGGED  all  --  *      *       0.0.0.0/0            0.0.0.0/0            limit: avg 20/sec burst 100
    4711   395724            all  --  *      *       0.0.0.0/0            0.0.0.0/0
      11      660 REJECT     tcp  --  *      *       0.0.0.0/0            0.0.0.0/0            reject-with tcp-reset
`;

test('what the firewall refused is told apart into what it told of and the rest', () => {
  expect(parseCounters(listing)).toEqual({ told: 120, untold: 4711 });
});

test('a listing of another shape counts as nothing', () => {
  for (const text of ['', 'iptables: No chain/target/match by that name.', 'a\nb\nc\nd e']) {
    expect(parseCounters(text)).toEqual({ told: 0, untold: 0 });
  }
});

test('both families are added up', async () => {
  const machine = new FakeMachine();
  machine.prepare(/ip6?tables-nft -w -nvxL CLOISTER-REFUSE$/, { stdout: listing });
  const both = await readCounters(machine.program(), { backend: 'nft', ipv6: true });
  expect(both).toEqual({ told: 240, untold: 2 * 4711 });
  const one = await readCounters(machine.program(), { backend: 'nft', ipv6: false });
  expect(one).toEqual({ told: 120, untold: 4711 });
});
