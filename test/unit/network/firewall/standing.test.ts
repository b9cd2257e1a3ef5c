import { expect, test } from 'vitest';
import { FakeMachine } from '../../../../src/host/fake-host.ts';
import { findGaps } from '../../../../src/network/firewall/standing.ts';

const facts = { backend: 'nft', ipv6: true, byAddress: false, agent: 1000 } as const;

/** A kernel in which the firewall stands, but for what a test changes. */
function kernel(changed: Record<string, string | Error> = {}) {
  const machine = new FakeMachine();
  const listings: Record<string, string> = {
    'iptables-nft -w -t filter -S OUTPUT': '-P OUTPUT DROP\n-A OUTPUT -j CLOISTER-OUTPUT\n',
    'iptables-nft -w -t filter -S INPUT': '-P INPUT DROP\n-A INPUT -j CLOISTER-INPUT\n',
    'ip6tables-nft -w -t filter -S OUTPUT': '-P OUTPUT DROP\n-A OUTPUT -j CLOISTER-OUTPUT\n',
    'ip6tables-nft -w -t filter -S INPUT': '-P INPUT DROP\n-A INPUT -j CLOISTER-INPUT\n',
    'iptables-nft -w -t filter -S CLOISTER-OUTPUT':
      '-N CLOISTER-OUTPUT\n-A CLOISTER-OUTPUT -m owner --uid-owner 1000 -j CLOISTER-AGENT\n-A CLOISTER-OUTPUT -j CLOISTER-REFUSE\n',
    'iptables-nft -w -t nat -S OUTPUT':
      '-P OUTPUT ACCEPT\n-A OUTPUT -j CLOISTER-DNS\n-A OUTPUT -j DOCKER_OUTPUT\n',
    'iptables-nft -w -t mangle -S POSTROUTING': '-P POSTROUTING ACCEPT\n-A POSTROUTING -j CLOISTER-LEAK\n',
    'iptables-nft -w -t mangle -S CLOISTER-LEAK':
      '-N CLOISTER-LEAK\n-A CLOISTER-LEAK -d 127.0.0.0/8 ! -o lo -j DROP\n-A CLOISTER-LEAK -s 127.0.0.0/8 ! -o lo -j DROP\n',
  };
  for (const [command, answer] of Object.entries({ ...listings, ...changed })) {
    machine.prepare(
      new RegExp(`^/usr/sbin/${command}$`),
      typeof answer === 'string' ? { stdout: answer } : answer,
    );
  }
  return machine.program();
}

test('a firewall that stands has no gap', async () => {
  expect(await findGaps(kernel(), facts)).toEqual([]);
});

test.each([
  [
    'iptables-nft -w -t filter -S OUTPUT',
    '-P OUTPUT ACCEPT\n-A OUTPUT -j CLOISTER-OUTPUT\n',
    'does not drop by default',
  ],
  [
    'iptables-nft -w -t filter -S OUTPUT',
    '-P OUTPUT DROP\n-A OUTPUT -j ACCEPT\n-A OUTPUT -j CLOISTER-OUTPUT\n',
    'does not begin with the firewall',
  ],
  ['ip6tables-nft -w -t filter -S OUTPUT', '-P OUTPUT DROP\n', 'does not begin with the firewall'],
  ['iptables-nft -w -t nat -S OUTPUT', '-P OUTPUT ACCEPT\n', 'does not begin with the firewall'],
  [
    'iptables-nft -w -t filter -S CLOISTER-OUTPUT',
    '-N CLOISTER-OUTPUT\n',
    'does not begin with the firewall',
  ],
  ['iptables-nft -w -t mangle -S POSTROUTING', '-P POSTROUTING ACCEPT\n', 'does not begin with the firewall'],
  ['iptables-nft -w -t mangle -S CLOISTER-LEAK', '-N CLOISTER-LEAK\n', 'does not begin with the firewall'],
])('%s that prints %j is a gap', async (command, listing, why) => {
  const gaps = await findGaps(kernel({ [command]: listing }), facts);
  expect(gaps).toHaveLength(1);
  expect(gaps[0]).toContain(why);
});

test('a chain that is gone is a gap, not a fault', async () => {
  const gone = new Error('No chain/target/match by that name');
  expect(await findGaps(kernel({ 'iptables-nft -w -t filter -S CLOISTER-OUTPUT': gone }), facts)).toEqual([
    'iptables has no chain CLOISTER-OUTPUT in filter',
  ]);
});

test('without redirect nothing of it is missed, and without IPv6 nothing of that', async () => {
  const machine = kernel({
    'iptables-nft -w -t nat -S OUTPUT': '',
    'ip6tables-nft -w -t filter -S OUTPUT': '',
  });
  expect(await findGaps(machine, { ...facts, byAddress: true, ipv6: false })).toEqual([]);
});
