import { expect, test } from 'vitest';
import { CommandError } from '../../../../src/host/command-error.ts';
import { FakeMachine } from '../../../../src/host/fake-host.ts';
import { findGaps } from '../../../../src/network/firewall/standing.ts';

const facts = { backend: 'nft', ipv6: true, byAddress: false, agent: 1000 } as const;

/** What each chain holds in a kernel in which the firewall stands, as `iptables -S` prints it. */
const standing: Readonly<Record<string, string>> = {
  'iptables filter OUTPUT': '-P OUTPUT DROP\n-A OUTPUT -j CLOISTER-OUTPUT\n',
  'iptables filter INPUT': '-P INPUT DROP\n-A INPUT -j CLOISTER-INPUT\n',
  'ip6tables filter OUTPUT': '-P OUTPUT DROP\n-A OUTPUT -j CLOISTER-OUTPUT\n',
  'ip6tables filter INPUT': '-P INPUT DROP\n-A INPUT -j CLOISTER-INPUT\n',
  'iptables filter CLOISTER-OUTPUT':
    '-N CLOISTER-OUTPUT\n-A CLOISTER-OUTPUT -m owner --uid-owner 1000 -j CLOISTER-AGENT\n-A CLOISTER-OUTPUT -j CLOISTER-REFUSE\n',
  'iptables filter CLOISTER-EGRESS':
    '-N CLOISTER-EGRESS\n-A CLOISTER-EGRESS -j CLOISTER-CLOSED\n-A CLOISTER-EGRESS -p tcp -j CLOISTER-PINS\n',
  'iptables filter CLOISTER-AGENT':
    '-N CLOISTER-AGENT\n-A CLOISTER-AGENT -j CLOISTER-CLOSED\n-A CLOISTER-AGENT -p tcp -j CLOISTER-PINS\n',
  'iptables filter CLOISTER-CLOSED':
    '-N CLOISTER-CLOSED\n-A CLOISTER-CLOSED -d 127.0.0.0/8 -j CLOISTER-REFUSE\n-A CLOISTER-CLOSED -d 169.254.0.0/16 -j CLOISTER-REFUSE\n',
  'iptables nat OUTPUT': '-P OUTPUT ACCEPT\n-A OUTPUT -j CLOISTER-DNS\n-A OUTPUT -j DOCKER_OUTPUT\n',
  'iptables mangle POSTROUTING': '-P POSTROUTING ACCEPT\n-A POSTROUTING -j CLOISTER-LEAK\n',
  'iptables mangle CLOISTER-LEAK':
    '-N CLOISTER-LEAK\n-A CLOISTER-LEAK -d 127.0.0.0/8 ! -o lo -j DROP\n-A CLOISTER-LEAK -s 127.0.0.0/8 ! -o lo -j DROP\n',
};

/** That kernel, but for the chains that a test changes. */
function kernel(changed: Readonly<Record<string, string>> = {}) {
  const machine = new FakeMachine();
  const chains = Object.entries({ ...standing, ...changed });
  for (const table of ['iptables filter', 'ip6tables filter', 'iptables nat', 'iptables mangle']) {
    const [program, name] = table.split(' ');
    const stdout = chains
      .filter(([chain]) => chain.startsWith(`${table} `))
      .map(([, text]) => text)
      .join('');
    machine.prepare(new RegExp(`^/usr/sbin/${program}-nft -w -t ${name} -S$`), { stdout });
  }
  return machine;
}

test('a firewall that stands has no gap', async () => {
  expect(await findGaps(kernel().program(), facts)).toEqual([]);
});

test.each([
  ['iptables filter OUTPUT', '-P OUTPUT ACCEPT\n-A OUTPUT -j CLOISTER-OUTPUT\n', 'does not drop by default'],
  [
    'iptables filter OUTPUT',
    '-P OUTPUT DROP\n-A OUTPUT -j ACCEPT\n-A OUTPUT -j CLOISTER-OUTPUT\n',
    'does not begin with the firewall',
  ],
  ['ip6tables filter OUTPUT', '-P OUTPUT DROP\n', 'does not begin with the firewall'],
  ['iptables nat OUTPUT', '-P OUTPUT ACCEPT\n', 'does not begin with the firewall'],
  ['iptables filter CLOISTER-OUTPUT', '-N CLOISTER-OUTPUT\n', 'does not begin with the firewall'],
  ['iptables mangle POSTROUTING', '-P POSTROUTING ACCEPT\n', 'does not begin with the firewall'],
  ['iptables mangle CLOISTER-LEAK', '-N CLOISTER-LEAK\n', 'does not begin with the firewall'],
])('%s that prints %j is a gap', async (command, listing, why) => {
  const gaps = await findGaps(kernel({ [command]: listing }).program(), facts);
  expect(gaps).toHaveLength(1);
  expect(gaps[0]).toContain(why);
});

test('a chain that is gone is a gap, not a fault', async () => {
  const machine = kernel({ 'iptables filter CLOISTER-OUTPUT': '' });
  expect(await findGaps(machine.program(), facts)).toEqual([
    'iptables has no chain CLOISTER-OUTPUT in filter',
  ]);
});

test('a table that is not there is a gap for each of its chains', async () => {
  const machine = kernel();
  const said = { stdout: '', stderr: 'Table does not exist', code: 3 };
  machine.prepare(/-t mangle -S$/, new CommandError({ argv: ['iptables'] }, said, 'exited with 3'));
  expect(await findGaps(machine.program(), facts)).toEqual([
    'iptables has no chain POSTROUTING in mangle',
    'iptables has no chain CLOISTER-LEAK in mangle',
  ]);
});

test('a table that nobody could look at is a gap, and is said to be that', async () => {
  const machine = kernel();
  const said = { stdout: '', stderr: '', code: 137 };
  machine.prepare(/-t mangle -S$/, new CommandError({ argv: ['iptables'] }, said, 'took too long'));
  expect(await findGaps(machine.program(), facts)).toEqual([
    'iptables, table mangle: nobody could look, iptables took too long',
  ]);
});

test.each([
  [
    'the jump is gone',
    { 'iptables filter CLOISTER-EGRESS': '-N CLOISTER-EGRESS\n-A CLOISTER-EGRESS -p tcp -j CLOISTER-PINS\n' },
  ],
  ['the chain is empty', { 'iptables filter CLOISTER-CLOSED': '-N CLOISTER-CLOSED\n' }],
  ['the chain is gone', { 'iptables filter CLOISTER-CLOSED': '' }],
  [
    'the jump comes after the pins',
    {
      'iptables filter CLOISTER-EGRESS':
        '-N CLOISTER-EGRESS\n-A CLOISTER-EGRESS -p tcp -j CLOISTER-PINS\n-A CLOISTER-EGRESS -j CLOISTER-CLOSED\n',
    },
  ],
])('where %s, a pin could open what nothing opens, and that is a gap', async (_, changed) => {
  expect(await findGaps(kernel(changed).program(), facts)).toEqual([
    'iptables, table filter: a pin could open what nothing opens',
  ]);
});

test('each table is listed once', async () => {
  const machine = kernel();
  await findGaps(machine.program(), facts);
  expect(machine.commands).toHaveLength(4);
});

test('without redirect nothing of it is missed, and without IPv6 nothing of that', async () => {
  const machine = kernel({ 'iptables nat OUTPUT': '', 'ip6tables filter OUTPUT': '' });
  expect(await findGaps(machine.program(), { ...facts, byAddress: true, ipv6: false })).toEqual([]);
});
