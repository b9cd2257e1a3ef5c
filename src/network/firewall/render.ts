import { ownAddress, proxyPort, resolverPort } from '../../core/own-address.ts';
import { engineQueries, engineQuestions, unledQueries } from './engine-resolver.ts';
import { type FirewallPlan, ofFamily, type StandingRules } from './plan.ts';

const owned = (uid: number) => `-m owner --uid-owner ${uid}`;
const refuse = '-j CLOISTER-REFUSE';

/**
 * Renders the IPv4 firewall: one document for iptables-restore --noflush, applied whole or not at all.
 *
 * The order is part of the security: the agent's packets are judged by its own chain before anything looks at
 * connection state, or it could take over the entry of somebody else's connection.
 */
export function renderFirewall4(plan: FirewallPlan, standing: StandingRules): string {
  return [
    ...table('filter', filterChains, [
      ...jump(standing, 'filter', 'OUTPUT', 'CLOISTER-OUTPUT'),
      ...jump(standing, 'filter', 'INPUT', 'CLOISTER-INPUT'),
      ...outputChain(plan),
      ...agentChain(plan),
      ...egressChain(plan),
      ...closedChain(plan),
      ...refuseChain('icmp-admin-prohibited'),
      ...inputChain(plan),
    ]),
    ...(plan.proxied === null ? [] : redirections(plan, plan.proxied, standing)),
    // Only here is the interface the one the packet really leaves by: after NAT, after rerouting.
    ...table(
      'mangle',
      ['CLOISTER-LEAK'],
      [
        ...jump(standing, 'mangle', 'POSTROUTING', 'CLOISTER-LEAK'),
        '-A CLOISTER-LEAK -d 127.0.0.0/8 ! -o lo -j DROP',
        '-A CLOISTER-LEAK -s 127.0.0.0/8 ! -o lo -j DROP',
      ],
    ),
    '',
  ].join('\n');
}

/** Renders the chain that leads the agent to the proxy, alone: the list of ports has changed. */
export function renderProxied(ports: readonly number[]): string {
  return [...table('nat', ['CLOISTER-PROXY'], proxyRules(ports)), ''].join('\n');
}

function redirections(plan: FirewallPlan, ports: readonly number[], standing: StandingRules): string[] {
  return table(
    'nat',
    ['CLOISTER-DNS', 'CLOISTER-PROXY'],
    [
      ...jump(standing, 'nat', 'OUTPUT', 'CLOISTER-DNS'),
      `-A CLOISTER-DNS ${owned(plan.egress)} -j RETURN`,
      ...unledQueries(plan),
      ...['udp', 'tcp'].map(
        (protocol) =>
          `-A CLOISTER-DNS ! -d ${ownAddress}/32 -p ${protocol} -m ${protocol} --dport 53 -j DNAT --to-destination ${ownAddress}:${resolverPort}`,
      ),
      `-A CLOISTER-DNS ! -o lo -p tcp ${owned(plan.agent)} -j CLOISTER-PROXY`,
      ...proxyRules(ports),
    ],
  );
}

function proxyRules(ports: readonly number[]): string[] {
  return ports.map(
    (port) =>
      `-A CLOISTER-PROXY -p tcp -m tcp --dport ${port} -j DNAT --to-destination ${ownAddress}:${proxyPort}`,
  );
}

/** Where the firewall tells of what it refuses (NFLOG): LOG writes nothing in a container. */
export const logGroup = 53;

const filterChains = [
  'CLOISTER-INPUT',
  'CLOISTER-OUTPUT',
  'CLOISTER-AGENT',
  'CLOISTER-EGRESS',
  'CLOISTER-CLOSED',
  'CLOISTER-PINS',
  'CLOISTER-REFUSE',
  'CLOISTER-LOGGED',
];

const policies = [':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT DROP [0:0]'];

export function table(
  name: string,
  chains: readonly string[],
  rules: readonly string[],
  head: readonly string[] = name === 'filter' ? policies : [],
): string[] {
  return [`*${name}`, ...head, ...chains.map((chain) => `:${chain} - [0:0]`), ...rules, 'COMMIT'];
}

export function jump(standing: StandingRules, table: string, from: string, to: string): string[] {
  return standing.has(table, `-A ${from} -j ${to}`) ? [] : [`-I ${from} 1 -j ${to}`];
}

function outputChain(plan: FirewallPlan): string[] {
  return [
    `-A CLOISTER-OUTPUT ${owned(plan.agent)} -j CLOISTER-AGENT`,
    `-A CLOISTER-OUTPUT ${owned(plan.egress)} -j CLOISTER-EGRESS`,
    `-A CLOISTER-OUTPUT ${owned(0)} -o lo -j ACCEPT`,
    `-A CLOISTER-OUTPUT ${owned(0)} -d ${ownAddress}/32 -m conntrack --ctstate DNAT -j ACCEPT`,
    ...engineQueries(plan),
    ...plan.loopbackResolvers.map((address) => `-A CLOISTER-OUTPUT -d ${address}/32 ${refuse}`),
    // The kernel sends its resets and errors from sockets of its own: without them a closed port is a long wait.
    '-A CLOISTER-OUTPUT -o lo -j ACCEPT',
    '-A CLOISTER-OUTPUT -p tcp -m tcp --tcp-flags RST RST -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    `-A CLOISTER-OUTPUT -m owner --socket-exists ${refuse}`,
    // No socket from here on: the last packets of TCP connections whose process has closed them. The first packet
    // of such a connection had an owner.
    '-A CLOISTER-OUTPUT -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    `-A CLOISTER-OUTPUT ${refuse}`,
  ];
}

function agentChain(plan: FirewallPlan): string[] {
  return [
    ...plan.loopbackResolvers.map((address) => `-A CLOISTER-AGENT -d ${address}/32 ${refuse}`),
    // Nor does it answer in the name of the engine's.
    ...plan.engineResolvers.map((address) => `-A CLOISTER-AGENT -s ${address}/32 ${refuse}`),
    // Whatever it may have bound: it answers nobody in the name of the resolver.
    `-A CLOISTER-AGENT -s ${ownAddress}/32 ${refuse}`,
    '-A CLOISTER-AGENT -o lo -j ACCEPT',
    // The filter still sees the interface of before the redirect: what was redirected is known by its goal.
    `-A CLOISTER-AGENT -d ${ownAddress}/32 -m conntrack --ctstate DNAT -j ACCEPT`,
    ...plan.published.map(
      (port) =>
        `-A CLOISTER-AGENT -p tcp -m tcp --sport ${port} -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT`,
    ),
    ...(plan.proxied === null ? throughPins('CLOISTER-AGENT') : []),
    `-A CLOISTER-AGENT ${refuse}`,
  ];
}

/** State comes first, so that the pins cost established connections nothing; only the egress user comes here. */
const dialRules = [
  '-A CLOISTER-EGRESS -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT',
  ...throughPins('CLOISTER-EGRESS'),
];

/** What nothing opens is refused before the pins: even a pin for it, however it came to be, opens nothing. */
function throughPins(chain: string): string[] {
  return [`-A ${chain} -j CLOISTER-CLOSED`, `-A ${chain} -p tcp -j CLOISTER-PINS`];
}

function closedChain({ closed }: FirewallPlan): string[] {
  return closed.map((range) => `-A CLOISTER-CLOSED -d ${range} ${refuse}`);
}

function egressChain(plan: FirewallPlan): string[] {
  return [
    ...engineQuestions(plan),
    ...plan.loopbackResolvers.map((address) => `-A CLOISTER-EGRESS -d ${address}/32 ${refuse}`),
    // It answers there and dials nobody: whatever addresses the box has or gets, its own are not dialled for the agent.
    `-A CLOISTER-EGRESS -o lo -p tcp -m tcp --syn ${refuse}`,
    '-A CLOISTER-EGRESS -o lo -j ACCEPT',
    ...ofFamily(plan.upstreams, 4).flatMap((address) => upstreamRules(`${address}/32`)),
    ...(plan.proxied === null ? [] : dialRules),
    `-A CLOISTER-EGRESS ${refuse}`,
  ];
}

export function upstreamRules(destination: string): string[] {
  return ['udp', 'tcp'].map(
    (protocol) => `-A CLOISTER-EGRESS -d ${destination} -p ${protocol} -m ${protocol} --dport 53 -j ACCEPT`,
  );
}

export function refuseChain(icmp: string): string[] {
  const reject = (chain: string) => [
    `-A ${chain} -p tcp -j REJECT --reject-with tcp-reset`,
    `-A ${chain} -j REJECT --reject-with ${icmp}`,
  ];
  return [
    '-A CLOISTER-REFUSE -m limit --limit 20/second --limit-burst 100 -j CLOISTER-LOGGED',
    // A rule without a target: its counter is what was refused and not told.
    '-A CLOISTER-REFUSE',
    ...reject('CLOISTER-REFUSE'),
    `-A CLOISTER-LOGGED -j NFLOG --nflog-group ${logGroup} --nflog-size 64 --nflog-threshold 1`,
    ...reject('CLOISTER-LOGGED'),
  ];
}

function inputChain(plan: FirewallPlan): string[] {
  return [
    '-A CLOISTER-INPUT -i lo -j ACCEPT',
    '-A CLOISTER-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ...plan.published.map((port) => `-A CLOISTER-INPUT -p tcp -m tcp --dport ${port} -j ACCEPT`),
    '-A CLOISTER-INPUT -j DROP',
  ];
}
