import { isLoopback, isNoHost } from '../policy/address-class.ts';
import { parseNameservers } from './facts.ts';

/** Whom the resolver asks where the operator names nobody. */
export interface PlannedUpstreams {
  readonly upstreams: readonly string[];
  /** The engine's resolver asks others itself, from the box's own network and as root. */
  readonly engineForwards: boolean;
}

const publicUpstreams = ['1.1.1.1', '8.8.8.8'];
/** Docker's resolver on networks of one's own, in the container's own network. */
const engineResolver = '127.0.0.11';

/**
 * Plans whom to ask by the resolv.conf(5) that the engine wrote. Docker's own resolver hides behind it whom it asks in
 * turn; since version 25 a comment tells. Those are asked without it where they can be, for then nobody but the egress
 * user asks anything; where the engine asks from the machine's own network, it is asked. The public ones stand behind it:
 * on a network that lets nobody ask them they only never answer.
 */
export function planUpstreams(resolvConf: string): PlannedUpstreams {
  const nameservers = parseNameservers(resolvConf);
  const outside = nameservers.filter(isOutside);
  if (outside.length > 0) return { upstreams: outside, engineForwards: false };
  const forwarded = parseForwarded(resolvConf);
  const direct = (forwarded ?? []).filter(isOutside);
  if (direct.length > 0) return { upstreams: direct, engineForwards: false };
  if (!nameservers.includes(engineResolver)) return { upstreams: publicUpstreams, engineForwards: false };
  return { upstreams: [engineResolver, ...publicUpstreams], engineForwards: forwarded === null };
}

function isOutside(address: string): boolean {
  return !isLoopback(address) && !isNoHost(address);
}

/**
 * @returns whom Docker's resolver asks from the container's network, none where it asks from the machine's (`host(…)`),
 * or null where nobody says.
 */
function parseForwarded(resolvConf: string): string[] | null {
  const [, list] = /^# ExtServers: \[([^\]]*)\]/m.exec(resolvConf) ?? [];
  if (list === undefined) return null;
  return parseNameservers(
    list
      .split(' ')
      .map((server) => `nameserver ${server}`)
      .join('\n'),
  );
}
