import { describe, expect, test } from 'vitest';
import {
  renderPinChain,
  renderPinChange,
  renderPinnedBySet,
  renderPinSet,
} from '../../../../src/network/firewall/pins/render-pins.ts';
import { type FirewallPlan, parseStanding, planFirewall } from '../../../../src/network/firewall/plan.ts';
import { renderFirewall4, renderProxied } from '../../../../src/network/firewall/render.ts';
import { renderFirewall6 } from '../../../../src/network/firewall/render6.ts';

const plan = (more: Partial<Parameters<typeof planFirewall>[0]> = {}): FirewallPlan =>
  planFirewall({
    agent: 1000,
    egress: 65053,
    proxied: [80, 443],
    upstreams: ['192.0.2.53', '2001:db8::53'],
    engineForwards: false,
    nameservers: ['192.0.2.53'],
    connected: [],
    local: [],
    published: [],
    fly: false,
    ...more,
  });
const nothing = parseStanding('');
const wall4 = (more = {}) => renderFirewall4(plan(more), nothing).split('\n');
const wall6 = (more = {}) => renderFirewall6(plan(more), nothing).split('\n');
const chain = (lines: readonly string[], name: string) =>
  lines.filter((line) => line.startsWith(`-A ${name} `));

/** The rules a packet of the agent's user meets, in order. */
const agentPath = (lines: readonly string[]) => chain(lines, 'CLOISTER-AGENT');

describe.each([
  ['IPv4', wall4],
  ['IPv6', wall6],
])('the %s firewall', (_, firewall) => {
  test('drops by default what goes out, comes in or passes through', () => {
    for (const name of ['INPUT', 'FORWARD', 'OUTPUT']) expect(firewall()).toContain(`:${name} DROP [0:0]`);
  });

  test('ends every table with COMMIT and the document with a line end', () => {
    const lines = firewall();
    const tables = lines.filter((line) => line.startsWith('*')).length;
    expect(lines.filter((line) => line === 'COMMIT')).toHaveLength(tables);
    expect(lines.slice(-2)).toEqual(['COMMIT', '']);
    for (const [index, line] of lines.entries())
      if (line.startsWith('*') && index > 0) expect(lines[index - 1]).toBe('COMMIT');
  });

  test('declares every chain it uses, and flushes nobody else’s', () => {
    const lines = firewall();
    const declared = lines.filter((line) => line.startsWith(':')).map((line) => line.slice(1).split(' ')[0]);
    const used = lines.flatMap((line) =>
      [...line.matchAll(/(?:-A|-j) (CLOISTER-[A-Z]+)/g)].map((match) => match[1]),
    );
    for (const name of used) expect(declared).toContain(name);
    expect(lines.filter((line) => line.startsWith('-A') && !line.startsWith('-A CLOISTER-'))).toEqual([]);
    expect(declared.filter((name) => !name?.startsWith('CLOISTER-')).sort()).toEqual([
      'FORWARD',
      'INPUT',
      'OUTPUT',
    ]);
  });

  test('jumps into its chains before everything that stands already', () => {
    const jumps = firewall().filter((line) => line.startsWith('-I'));
    expect(jumps).toContain('-I OUTPUT 1 -j CLOISTER-OUTPUT');
    expect(jumps).toContain('-I INPUT 1 -j CLOISTER-INPUT');
    expect(jumps.every((line) => / 1 -j CLOISTER-/.test(line))).toBe(true);
  });

  test('refuses at once what is left over, out of every chain', () => {
    const lines = firewall();
    for (const name of ['CLOISTER-OUTPUT', 'CLOISTER-EGRESS']) {
      expect(chain(lines, name).at(-1)).toBe(`-A ${name} -j CLOISTER-REFUSE`);
    }
    expect(chain(lines, 'CLOISTER-INPUT').at(-1)).toBe('-A CLOISTER-INPUT -j DROP');
    for (const name of ['CLOISTER-REFUSE', 'CLOISTER-LOGGED']) {
      const [reset, rest] = chain(lines, name).slice(1);
      expect(reset).toContain('-p tcp -j REJECT --reject-with tcp-reset');
      expect(rest).toMatch(/-j REJECT --reject-with icmp6?-adm/);
    }
  });

  test('lets only the egress user ask the upstream resolvers', () => {
    const asking = firewall().filter((line) => /--dport 53 -j ACCEPT/.test(line));
    expect(asking.length).toBeGreaterThan(0);
    expect(asking.every((line) => line.startsWith('-A CLOISTER-EGRESS -d '))).toBe(true);
  });
});

describe('the agent’s way through the IPv4 firewall', () => {
  test('begins before anything looks at connection state (another’s entry is not to be taken over)', () => {
    const output = chain(wall4(), 'CLOISTER-OUTPUT');
    expect(output[0]).toBe('-A CLOISTER-OUTPUT -m owner --uid-owner 1000 -j CLOISTER-AGENT');
    const states = output.findIndex((line) => line.includes('conntrack'));
    expect(states).toBeGreaterThan(0);
  });

  test('has no general state match of its own', () => {
    const states = agentPath(wall4({ published: [3000] })).filter((line) => line.includes('conntrack'));
    for (const line of states)
      expect(line).toMatch(/-d 127\.0\.0\.53\/32 .*--ctstate DNAT|--sport 3000 .*--ctdir REPLY/);
  });

  test('ends in refusal, so nothing of the agent comes back to the chains of others', () => {
    expect(agentPath(wall4()).at(-1)).toBe('-A CLOISTER-AGENT -j CLOISTER-REFUSE');
  });

  test('is closed to the engine’s resolver on every port, before loopback is opened', () => {
    const path = agentPath(wall4());
    const closed = path.indexOf('-A CLOISTER-AGENT -d 127.0.0.11/32 -j CLOISTER-REFUSE');
    const loopback = path.indexOf('-A CLOISTER-AGENT -o lo -j ACCEPT');
    expect(closed).toBeGreaterThan(-1);
    expect(closed).toBeLessThan(loopback);
  });

  test('is closed there for everybody but the egress user, whose port 53 alone is open where it has to ask', () => {
    const asked = { upstreams: ['192.0.2.53', '127.0.0.11'] };
    const lines = wall4(asked);
    const egress = chain(lines, 'CLOISTER-EGRESS');
    expect(egress[0]).toBe(
      '-A CLOISTER-EGRESS -d 127.0.0.11/32 -p udp -m conntrack --ctorigdst 127.0.0.11 --ctorigdstport 53 -j ACCEPT',
    );
    expect(egress[2]).toBe('-A CLOISTER-EGRESS -d 127.0.0.11/32 -j CLOISTER-REFUSE');
    expect(agentPath(lines)).toContain('-A CLOISTER-AGENT -d 127.0.0.11/32 -j CLOISTER-REFUSE');
    expect(agentPath(lines)).toContain('-A CLOISTER-AGENT -s 127.0.0.11/32 -j CLOISTER-REFUSE');
    expect(wall4().join('\n')).not.toMatch(/ctorigdst|uid-owner 0 -p/);
  });

  test('what the engine’s resolver asks in turn leaves only where nobody else can ask', () => {
    const asking = (engineForwards: boolean) =>
      chain(wall4({ upstreams: ['127.0.0.11'], engineForwards }), 'CLOISTER-OUTPUT')
        .filter((line) => line.includes('--dport 53'))
        .map((line) => line.replace(/.* -j /, ''));
    expect(asking(false)).toEqual(['REJECT', 'REJECT']);
    expect(asking(true)).toEqual(['ACCEPT', 'ACCEPT']);
    // Led to the box's own resolver it would wait for itself.
    expect(wall4({ upstreams: ['127.0.0.11'] })).toContain(
      '-A CLOISTER-DNS ! -o lo -m owner --uid-owner 0 -j RETURN',
    );
  });

  test('answers nobody in the resolver’s name, whatever it has bound', () => {
    const path = agentPath(wall4());
    const ours = path.indexOf('-A CLOISTER-AGENT -s 127.0.0.53/32 -j CLOISTER-REFUSE');
    expect(ours).toBeGreaterThan(-1);
    expect(ours).toBeLessThan(path.indexOf('-A CLOISTER-AGENT -o lo -j ACCEPT'));
  });

  test('is closed to every other loopback resolver of the platform, but not to ours', () => {
    const path = agentPath(wall4({ nameservers: ['127.0.0.1', '127.0.0.53', '192.0.2.53'] })).join('\n');
    expect(path).toContain('-d 127.0.0.1/32 -j CLOISTER-REFUSE');
    expect(path).not.toContain('-d 127.0.0.53/32 -j CLOISTER-REFUSE');
    expect(path).not.toContain('192.0.2.53');
  });

  test('leads nowhere outside: what was not redirected to the proxy is refused', () => {
    const outside = agentPath(wall4()).filter((line) => !/-o lo|-[ds] 127\./.test(line));
    expect(outside).toEqual(['-A CLOISTER-AGENT -j CLOISTER-REFUSE']);
  });

  test('leads through the pins alone, and TCP alone, where nothing can be redirected', () => {
    const outside = agentPath(wall4({ proxied: null })).filter((line) => !/-o lo|-[ds] 127\./.test(line));
    expect(outside).toEqual([
      '-A CLOISTER-AGENT -j CLOISTER-CLOSED',
      '-A CLOISTER-AGENT -p tcp -j CLOISTER-PINS',
      '-A CLOISTER-AGENT -j CLOISTER-REFUSE',
    ]);
  });

  test('answers on published ports and calls out from none', () => {
    const [reply] = agentPath(wall4({ published: [3000] })).filter((line) => line.includes('3000'));
    expect(reply).toContain('--sport 3000 -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT');
  });
});

describe('the IPv4 firewall', () => {
  test('opens only published ports to the outside', () => {
    const opened = (more: object) =>
      chain(wall4(more), 'CLOISTER-INPUT').filter((line) => !/-i lo|conntrack|DROP/.test(line));
    expect(opened({})).toEqual([]);
    expect(
      opened({ published: [3000, 8080] }).map((line) => /--dport (\d+) -j ACCEPT/.exec(line)?.[1]),
    ).toEqual(['3000', '8080']);
  });

  test('leads everybody’s queries to our resolver, except the egress user’s own', () => {
    const redirect = chain(wall4(), 'CLOISTER-DNS');
    expect(redirect[0]).toBe('-A CLOISTER-DNS -m owner --uid-owner 65053 -j RETURN');
    expect(
      redirect
        .slice(1, 3)
        .every((line) => /--dport 53 -j DNAT --to-destination 127\.0\.0\.53:53$/.test(line)),
    ).toBe(true);
    expect(redirect).toHaveLength(4);
  });

  test('leads the agent’s connections to the outside, on the ports of the rules alone, to the proxy', () => {
    expect(chain(wall4(), 'CLOISTER-DNS').at(-1)).toBe(
      '-A CLOISTER-DNS ! -o lo -p tcp -m owner --uid-owner 1000 -j CLOISTER-PROXY',
    );
    expect(chain(wall4(), 'CLOISTER-PROXY')).toEqual([
      '-A CLOISTER-PROXY -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.53:443',
      '-A CLOISTER-PROXY -p tcp -m tcp --dport 443 -j DNAT --to-destination 127.0.0.53:443',
    ]);
  });

  test('lets the egress user dial pinned addresses, and looks at the pins for new connections only', () => {
    expect(chain(wall4(), 'CLOISTER-EGRESS').slice(-4)).toEqual([
      '-A CLOISTER-EGRESS -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT',
      '-A CLOISTER-EGRESS -j CLOISTER-CLOSED',
      '-A CLOISTER-EGRESS -p tcp -j CLOISTER-PINS',
      '-A CLOISTER-EGRESS -j CLOISTER-REFUSE',
    ]);
  });

  test.each([
    '0.0.0.0/8',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '168.63.129.16/32',
    '100.100.100.200/32',
    '192.0.0.192/32',
    '224.0.0.0/3',
    '10.1.0.7/32',
    '10.1.255.255/32',
  ])('refuses %s before it looks at any pin, each with a counter of its own', (text) => {
    const near = { base: '10.1.0.0', prefix: 16, family: 'ipv4' };
    const local = [{ base: '10.1.0.7', prefix: 32, family: 'ipv4' }];
    for (const proxied of [null, [443]]) {
      const lines = wall4({ proxied, connected: [near], local });
      expect(chain(lines, 'CLOISTER-CLOSED')).toContain(`-A CLOISTER-CLOSED -d ${text} -j CLOISTER-REFUSE`);
      const pins = lines.filter((line) => line.endsWith('-j CLOISTER-PINS'));
      expect(pins).toHaveLength(1);
      expect(lines[lines.indexOf(pins[0] ?? '') - 1]).toBe(
        `${(pins[0] ?? '').replace(/ -p tcp .*/, '')} -j CLOISTER-CLOSED`,
      );
    }
  });

  test('asks an upstream where nothing else is dialled: Azure and Google have theirs at metadata addresses', () => {
    const path = chain(wall4({ upstreams: ['168.63.129.16'] }), 'CLOISTER-EGRESS');
    const asking = path.findIndex((line) => line.includes('-d 168.63.129.16/32 -p udp'));
    expect(asking).toBeGreaterThan(-1);
    expect(asking).toBeLessThan(path.indexOf('-A CLOISTER-EGRESS -j CLOISTER-CLOSED'));
  });

  test('has the egress user answer on loopback, and dial nobody there', () => {
    const path = chain(wall4(), 'CLOISTER-EGRESS');
    const dialling = path.indexOf('-A CLOISTER-EGRESS -o lo -p tcp -m tcp --syn -j CLOISTER-REFUSE');
    expect(dialling).toBeGreaterThan(-1);
    expect(path[dialling + 1]).toBe('-A CLOISTER-EGRESS -o lo -j ACCEPT');
  });

  test('without redirect has no nat table, and the egress user dials nobody but the upstreams', () => {
    const lines = wall4({ proxied: null });
    expect(lines).not.toContain('*nat');
    expect(chain(lines, 'CLOISTER-EGRESS').join('\n')).not.toMatch(/PINS|ESTABLISHED/);
  });

  test('counts every refusal, and tells of some', () => {
    const lines = wall4();
    expect(lines[lines.indexOf('-A CLOISTER-REFUSE') - 1]).toBe(
      '-A CLOISTER-REFUSE -m limit --limit 20/second --limit-burst 100 -j CLOISTER-LOGGED',
    );
    expect(chain(lines, 'CLOISTER-LOGGED')[0]).toBe(
      '-A CLOISTER-LOGGED -j NFLOG --nflog-group 53 --nflog-size 64 --nflog-threshold 1',
    );
  });

  test('takes another list of ports without touching anything else', () => {
    expect(renderProxied([443]).split('\n')).toEqual([
      '*nat',
      ':CLOISTER-PROXY - [0:0]',
      '-A CLOISTER-PROXY -p tcp -m tcp --dport 443 -j DNAT --to-destination 127.0.0.53:443',
      'COMMIT',
      '',
    ]);
  });

  test('lets no loopback address leave by another interface', () => {
    expect(chain(wall4(), 'CLOISTER-LEAK')).toEqual([
      '-A CLOISTER-LEAK -d 127.0.0.0/8 ! -o lo -j DROP',
      '-A CLOISTER-LEAK -s 127.0.0.0/8 ! -o lo -j DROP',
    ]);
  });

  test('refuses packets of strangers’ sockets before it lets ownerless ones through', () => {
    const output = chain(wall4(), 'CLOISTER-OUTPUT');
    const owned = output.findIndex((line) => line.includes('--socket-exists'));
    const ownerless = output.findIndex((line) =>
      line.endsWith('-p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT'),
    );
    expect(owned).toBeGreaterThan(-1);
    expect(owned).toBeLessThan(ownerless);
  });

  test('names no IPv6 address, and the IPv6 firewall no IPv4 one', () => {
    expect(wall4().join('\n')).not.toContain('2001:db8');
    expect(wall6().join('\n')).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
  });
});

describe('the IPv6 firewall', () => {
  test('gives the agent loopback and nothing else', () => {
    const output = chain(wall6(), 'CLOISTER-OUTPUT');
    const owned = output.findIndex((line) => line.includes('--socket-exists'));
    const before = output.slice(0, owned).filter((line) => !line.includes('--uid-owner 65053'));
    expect(before).toEqual(['-A CLOISTER-OUTPUT -o lo -j ACCEPT']);
    expect(wall6().join('\n')).not.toContain('--uid-owner 1000');
  });

  test('on Fly keeps root’s resolver and the answers of ssh, for root alone', () => {
    const lines = wall6({ fly: true });
    const more = chain(lines, 'CLOISTER-OUTPUT').filter(
      (line) => !chain(wall6(), 'CLOISTER-OUTPUT').includes(line),
    );
    expect(more).toHaveLength(3);
    expect(more.every((line) => line.includes('--uid-owner 0 '))).toBe(true);
    expect(more.at(-1)).toContain('--sport 22 ! --syn -j ACCEPT');
    expect(chain(lines, 'CLOISTER-INPUT').join('\n')).toContain('--dport 22 -j ACCEPT');
  });

  test('elsewhere opens port 22 to nobody', () => {
    expect(wall6().join('\n')).not.toContain('22 ');
  });
});

describe('a second boot in the same namespace', () => {
  test('adds no second jump, and builds the chains anew', () => {
    const saved = [
      '*mangle',
      '-A POSTROUTING -j CLOISTER-LEAK',
      'COMMIT',
      '*nat',
      '-A OUTPUT -j CLOISTER-DNS',
      'COMMIT',
      '*filter',
      '-A INPUT -j CLOISTER-INPUT',
      '-A OUTPUT -j CLOISTER-OUTPUT',
      'COMMIT',
    ].join('\n');
    const standing = parseStanding(saved);
    for (const lines of [
      renderFirewall4(plan(), standing).split('\n'),
      renderFirewall6(plan(), standing).split('\n'),
    ]) {
      expect(lines.filter((line) => line.startsWith('-I'))).toEqual([]);
      expect(lines).toContain(':CLOISTER-OUTPUT - [0:0]');
    }
  });

  test('does not take a jump of another table for its own', () => {
    const standing = parseStanding('*nat\n-A OUTPUT -j CLOISTER-OUTPUT\nCOMMIT\n');
    expect(renderFirewall4(plan(), standing)).toContain('-I OUTPUT 1 -j CLOISTER-OUTPUT');
  });
});

describe('the pins', () => {
  const pins = [
    { address: '203.0.113.1', port: 443 },
    { address: '203.0.113.2', port: 80 },
  ];

  test('in a chain open exactly their address and port', () => {
    expect(renderPinChain(pins.slice(0, 1)).split('\n')).toEqual([
      '*filter',
      ':CLOISTER-PINS - [0:0]',
      '-A CLOISTER-PINS -d 203.0.113.1/32 -p tcp -m tcp --dport 443 -j ACCEPT',
      'COMMIT',
      '',
    ]);
  });

  test('leave policies and every other chain alone, also when there are none', () => {
    expect(renderPinChain([])).toBe('*filter\n:CLOISTER-PINS - [0:0]\nCOMMIT\n');
  });

  test('in a set let through what the set has marked, and nothing else', () => {
    expect(renderPinnedBySet()).toContain('-A CLOISTER-PINS -p tcp -m mark --mark 0x10000/0x10000 -j ACCEPT');
    expect(
      renderPinnedBySet()
        .split('\n')
        .filter((line) => line.startsWith('-A')),
    ).toHaveLength(1);
    expect(renderPinSet(65053, pins)).toContain(
      'meta skuid 65053 ip daddr . tcp dport @pins meta mark set meta mark | 0x10000',
    );
  });

  test('begin anew with an empty set of their own, and touch no other table', () => {
    const lines = renderPinSet(65053, pins).split('\n');
    expect(lines.slice(0, 2)).toEqual(['add table ip cloister', 'delete table ip cloister']);
    expect(lines.at(-2)).toBe('add element ip cloister pins { 203.0.113.1 . 443, 203.0.113.2 . 80 }');
    expect(renderPinSet(65053, [])).not.toContain('element');
  });

  test('change in one transaction, the old ones first', () => {
    const [one, other] = pins.map((pin) => [pin]);
    expect(renderPinChange({ add: one ?? [], remove: other ?? [] })).toBe(
      'delete element ip cloister pins { 203.0.113.2 . 80 }\nadd element ip cloister pins { 203.0.113.1 . 443 }\n',
    );
  });
});
