import { type FirewallPlan, ofFamily, type StandingRules } from './plan.ts';
import { jump, refuseChain, table, upstreamRules } from './render.ts';

const chains = ['CLOISTER-INPUT', 'CLOISTER-OUTPUT', 'CLOISTER-EGRESS', 'CLOISTER-REFUSE', 'CLOISTER-LOGGED'];
/** Router and neighbour discovery, without which no IPv6 address is reachable (RFC 4861). */
const discovery = ['router-solicitation', 'neighbour-solicitation', 'neighbour-advertisement'];
const heard = ['router-advertisement', 'neighbour-solicitation', 'neighbour-advertisement'];
const flyResolver = 'fdaa::3';

/**
 * Renders the IPv6 firewall. It is stateless and goes by owner, because connection tracking is not to be relied on
 * for IPv6 everywhere. The agent's user gets loopback and nothing else.
 */
export function renderFirewall6(plan: FirewallPlan, standing: StandingRules): string {
  return [
    ...table('filter', chains, [
      ...jump(standing, 'filter', 'OUTPUT', 'CLOISTER-OUTPUT'),
      ...jump(standing, 'filter', 'INPUT', 'CLOISTER-INPUT'),
      `-A CLOISTER-OUTPUT -m owner --uid-owner ${plan.egress} -j CLOISTER-EGRESS`,
      '-A CLOISTER-OUTPUT -o lo -j ACCEPT',
      ...(plan.fly ? flyOutput() : []),
      '-A CLOISTER-OUTPUT -m owner --socket-exists -j CLOISTER-REFUSE',
      ...discovery.map((type) => `-A CLOISTER-OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`),
      '-A CLOISTER-OUTPUT -j CLOISTER-REFUSE',
      '-A CLOISTER-EGRESS -o lo -j ACCEPT',
      ...ofFamily(plan.upstreams, 6).flatMap((address) => upstreamRules(`${address}/128`)),
      '-A CLOISTER-EGRESS -j CLOISTER-REFUSE',
      ...refuseChain('icmp6-adm-prohibited'),
      '-A CLOISTER-INPUT -i lo -j ACCEPT',
      ...heard.map((type) => `-A CLOISTER-INPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`),
      ...ofFamily(plan.upstreams, 6).flatMap((address) => answersFrom(`${address}/128`)),
      ...(plan.fly
        ? ['-A CLOISTER-INPUT -p tcp -m tcp --dport 22 -j ACCEPT', ...answersFrom(`${flyResolver}/128`)]
        : []),
      '-A CLOISTER-INPUT -j DROP',
    ]),
    '',
  ].join('\n');
}

function flyOutput(): string[] {
  const root = '-m owner --uid-owner 0';
  return [
    `-A CLOISTER-OUTPUT ${root} -d ${flyResolver}/128 -p udp -m udp --dport 53 -j ACCEPT`,
    `-A CLOISTER-OUTPUT ${root} -d ${flyResolver}/128 -p tcp -m tcp --dport 53 -j ACCEPT`,
    `-A CLOISTER-OUTPUT ${root} -p tcp -m tcp --sport 22 ! --syn -j ACCEPT`,
  ];
}

function answersFrom(source: string): string[] {
  return [
    `-A CLOISTER-INPUT -s ${source} -p udp -m udp --sport 53 -j ACCEPT`,
    `-A CLOISTER-INPUT -s ${source} -p tcp -m tcp --sport 53 ! --syn -j ACCEPT`,
  ];
}
