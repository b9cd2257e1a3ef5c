import type { Fault } from '../settings/fault.ts';
import type { NotifySettings } from '../settings/notify.ts';
import type { Settings } from '../settings/settings.ts';
import type { ListInForce } from './live-list.ts';
import { denialsOf, type OutboundTargets, targetsOf } from './outbound-target.ts';
import type { Rule } from './rule.ts';

type Said = Pick<Settings, 'notify' | 'telemetry' | 'boxName' | 'repository'>;

/**
 * @param once the agent runs once, and no session is there.
 * @returns what the egress process has to know to send it, or null where nothing is to be sent.
 */
export function outboundTargets(
  { notify, telemetry, boxName, repository }: Said,
  { once = false } = {},
): OutboundTargets | null {
  if (notify === null && telemetry === null) return null;
  const place = repository === null ? null : repository.url.replace(/^https:\/\//, '');
  return {
    notify: notify === null ? null : { ...targetOf(notify), box: boxName, repository: place, once },
    telemetry,
  };
}

/** Where the agent dials for itself it would be let to whatever the firewall is opened for: there the box sends nothing. */
export function sendable(settings: Settings, { byAddress }: { readonly byAddress: boolean }): Settings {
  return byAddress ? { ...settings, notify: null, telemetry: null } : settings;
}

/** The URL as a whole has done its work. */
function targetOf({ url: _, ...target }: NotifySettings): Omit<NotifySettings, 'url'> {
  return target;
}

/** The list without the box's own names, whatever wildcard covers them. */
export function withoutReserved(list: ListInForce, own: OutboundTargets | null): ListInForce {
  return own === null ? list : { ...list, denied: [...list.denied, ...denialsOf(own)] };
}

/** @returns a fault for each rule that would let the agent to where the box itself sends. */
export function findReservedRules(settings: Said, rules: readonly Rule[]): Fault[] {
  const own = outboundTargets(settings);
  return targetsOf(own ?? { notify: null, telemetry: null }).flatMap((target) => {
    if (!rules.some(({ name, wildcard }) => !wildcard && name === target.name)) return [];
    const variable = target === own?.notify ? 'NOTIFY_URL' : 'OTEL_EXPORTER_OTLP_ENDPOINT';
    const fault =
      "names a host of the agent's allowlist, and what the box sends there would no longer be its own";
    return [{ variable, fault, remedy: 'Take the host from the allowlist, or send to another one.' }];
  });
}

/** @returns a fault for each name that is a neighbour's and the allowlist's: it can be asked of one resolver alone. */
export function findTaken(rules: readonly Rule[]): Fault[] {
  const neighbours = new Set(rules.filter(({ neighbour }) => neighbour).map(({ name }) => name));
  const isTaken = ({ name, wildcard, neighbour }: Rule) => !neighbour && !wildcard && neighbours.has(name);
  const taken = new Set(rules.filter(isTaken).map(({ name }) => name));
  return [...taken].map((name) => ({
    variable: 'NEIGHBOURS',
    fault: `names ${name}, which the allowlist has as well`,
    remedy: 'Name it in one of the two.',
  }));
}

/** @returns why the agent can't be let to this name, or null where nothing is in the way. */
export function reservedBy(settings: Said & Pick<Settings, 'neighbours'>): (rule: Rule) => string | null {
  return (rule) => {
    if (findReservedRules(settings, [rule]).length > 0)
      return `${rule.name} is where the box itself sends; the agent is never let there.`;
    return findTaken([...settings.neighbours, rule]).length > 0
      ? `${rule.name} is a service beside the box: NEIGHBOURS says on which ports it is reached.`
      : null;
  };
}
