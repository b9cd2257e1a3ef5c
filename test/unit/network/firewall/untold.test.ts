import { expect, test } from 'vitest';
import { FakeMachine } from '../../../../src/host/fake-host.ts';
import { parseUntold, readUntold } from '../../../../src/network/firewall/untold.ts';

const listing = `Chain CLOISTER-REFUSE (12 references)
    pkts      bytes target     prot opt in     out     source               destination
     120    10080 CLOISTER-TOLD  all  --  *      *       0.0.0.0/0            0.0.0.0/0            limit: avg 20/sec burst 100
    4711   395724            all  --  *      *       0.0.0.0/0            0.0.0.0/0
      11      660 REJECT     tcp  --  *      *       0.0.0.0/0            0.0.0.0/0            reject-with tcp-reset
`;

test('what the wall refused without telling is the counter of the rule without a target', () => {
  expect(parseUntold(listing)).toBe(4711);
});

test('a listing of another shape counts as nothing', () => {
  for (const text of ['', 'iptables: No chain/target/match by that name.', 'a\nb\nc\nd e']) {
    expect(parseUntold(text)).toBe(0);
  }
});

test('both families are added up', async () => {
  const machine = new FakeMachine();
  machine.prepare(/ip6?tables-nft -w -nvxL CLOISTER-REFUSE$/, { stdout: listing });
  expect(await readUntold(machine.program(), { backend: 'nft', ipv6: true })).toBe(2 * 4711);
  expect(await readUntold(machine.program(), { backend: 'nft', ipv6: false })).toBe(4711);
});
