import type { Pin } from './pins.ts';
import { ofFamily, type Standing, type WallPlan } from './plan.ts';

export const resolverAddress = '127.0.0.53';

const owned = (uid: number) => `-m owner --uid-owner ${uid}`;
const refuse = '-j CLOISTER-REFUSE';

/**
 * Renders the IPv4 wall: one document for iptables-restore --noflush, applied whole or not at all.
 *
 * The order is part of the security: the agent's packets are judged by its own chain before anything looks at
 * connection state, or it could take over the entry of somebody else's connection.
 */
export function renderWall4(plan: WallPlan, standing: Standing): string {
  return [
    ...table('filter', filterChains, [
      ...jump(standing, 'filter', 'OUTPUT', 'CLOISTER-OUTPUT'),
      ...jump(standing, 'filter', 'INPUT', 'CLOISTER-INPUT'),
      ...outputChain(plan),
      ...agentChain(plan),
      ...egressChain(plan),
      ...refuseChain('icmp-admin-prohibited'),
      ...inputChain(plan),
    ]),
    ...table(
      'nat',
      ['CLOISTER-DNS'],
      [
        ...jump(standing, 'nat', 'OUTPUT', 'CLOISTER-DNS'),
        `-A CLOISTER-DNS ${owned(plan.egress)} -j RETURN`,
        ...['udp', 'tcp'].map(
          (protocol) =>
            `-A CLOISTER-DNS ! -d ${resolverAddress}/32 -p ${protocol} -m ${protocol} --dport 53 -j DNAT --to-destination ${resolverAddress}:53`,
        ),
      ],
    ),
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

/** Renders the chain of pinned addresses alone; the rest of the wall stays as it is. */
export function renderPins(pins: readonly Pin[]): string {
  const rules = pins.map(
    ({ address, port }) => `-A CLOISTER-PINS -d ${address}/32 -p tcp -m tcp --dport ${port} -j ACCEPT`,
  );
  return [...table('filter', ['CLOISTER-PINS'], rules, []), ''].join('\n');
}

const filterChains = [
  'CLOISTER-INPUT',
  'CLOISTER-OUTPUT',
  'CLOISTER-AGENT',
  'CLOISTER-EGRESS',
  'CLOISTER-PINS',
  'CLOISTER-REFUSE',
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

export function jump(standing: Standing, table: string, from: string, to: string): string[] {
  return standing.has(table, `-A ${from} -j ${to}`) ? [] : [`-I ${from} 1 -j ${to}`];
}

function outputChain(plan: WallPlan): string[] {
  return [
    `-A CLOISTER-OUTPUT ${owned(plan.agent)} -j CLOISTER-AGENT`,
    `-A CLOISTER-OUTPUT ${owned(plan.egress)} -j CLOISTER-EGRESS`,
    `-A CLOISTER-OUTPUT ${owned(0)} -o lo -j ACCEPT`,
    `-A CLOISTER-OUTPUT ${owned(0)} -d ${resolverAddress}/32 -m conntrack --ctstate DNAT -j ACCEPT`,
    `-A CLOISTER-OUTPUT -m owner --socket-exists ${refuse}`,
    // No owner from here on: the kernel's own resets and errors on loopback, and the last packets of TCP
    // connections whose process has closed them. The first packet of such a connection had an owner.
    '-A CLOISTER-OUTPUT -o lo -j ACCEPT',
    '-A CLOISTER-OUTPUT -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    `-A CLOISTER-OUTPUT ${refuse}`,
  ];
}

function agentChain(plan: WallPlan): string[] {
  return [
    ...plan.loopbackResolvers.map((address) => `-A CLOISTER-AGENT -d ${address}/32 ${refuse}`),
    '-A CLOISTER-AGENT -o lo -j ACCEPT',
    // The filter still sees the interface of before the redirect, so redirected queries are known by their goal.
    `-A CLOISTER-AGENT -d ${resolverAddress}/32 -m conntrack --ctstate DNAT -j ACCEPT`,
    ...plan.published.map(
      (port) =>
        `-A CLOISTER-AGENT -p tcp -m tcp --sport ${port} -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT`,
    ),
    '-A CLOISTER-AGENT -p tcp -j CLOISTER-PINS',
    `-A CLOISTER-AGENT ${refuse}`,
  ];
}

function egressChain(plan: WallPlan): string[] {
  return [
    ...plan.loopbackResolvers.map((address) => `-A CLOISTER-EGRESS -d ${address}/32 ${refuse}`),
    '-A CLOISTER-EGRESS -o lo -j ACCEPT',
    ...ofFamily(plan.upstreams, 4).flatMap((address) => upstreamRules(`${address}/32`)),
    `-A CLOISTER-EGRESS ${refuse}`,
  ];
}

export function upstreamRules(destination: string): string[] {
  return ['udp', 'tcp'].map(
    (protocol) => `-A CLOISTER-EGRESS -d ${destination} -p ${protocol} -m ${protocol} --dport 53 -j ACCEPT`,
  );
}

export function refuseChain(icmp: string): string[] {
  return [
    '-A CLOISTER-REFUSE -p tcp -j REJECT --reject-with tcp-reset',
    `-A CLOISTER-REFUSE -j REJECT --reject-with ${icmp}`,
  ];
}

function inputChain(plan: WallPlan): string[] {
  return [
    '-A CLOISTER-INPUT -i lo -j ACCEPT',
    '-A CLOISTER-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ...plan.published.map((port) => `-A CLOISTER-INPUT -p tcp -m tcp --dport ${port} -j ACCEPT`),
    '-A CLOISTER-INPUT -j DROP',
  ];
}
