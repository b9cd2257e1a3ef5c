import { nodeFlags, ownNodeEnvironment } from '../confinement/node-environment.ts';
import { egressIdentity, type Identity } from '../confinement/profile.ts';
import type { Log } from '../core/log.ts';
import { ingestPort, ownAddress, proxyPort, resolverPort } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import { stopBudget } from '../core/stop-budget.ts';
import type { Host } from '../host/host.ts';
import { type Firewall, makeFirewall, type OutboundOpening } from '../network/firewall/firewall.ts';
import { proxiedPorts } from '../network/firewall/plan.ts';
import { makeAddressJudge, makeOpenJudge } from '../policy/address-class.ts';
import { makeAllowlist } from '../policy/allowlist.ts';
import type { ListInForce } from '../policy/live-list.ts';
import { makeNeighbourJudge } from '../policy/neighbour.ts';
import type { NotificationWord } from '../policy/notification.ts';
import { type OutboundTargets, targetsOf } from '../policy/outbound-target.ts';
import { outboundTargets, sendable, withoutReserved } from '../policy/reserved-hosts.ts';
import { renderRule } from '../policy/rule.ts';
import type { RuleSet } from '../policy/rule-set.ts';
import type { UpstreamProxy } from '../policy/upstream-proxy.ts';
import type { BoxEnvironment } from '../state/environment.ts';
import type { Handover } from '../state/handover.ts';
import type { StateStore } from '../state/state-store.ts';
import { makeRecorder, type Recorder } from './audit-recorder.ts';
import { type Egress, respawnEgress } from './egress-service.ts';
import { makePinPoster } from './post-pins.ts';
import { exactNames } from './refresh-pins.ts';
import { startPacketLogger } from './start-packet-logger.ts';
import { watchEgress } from './watch-egress.ts';

/** Everything of the box that has to do with the way out. */
export interface EgressServices {
  readonly firewall: Firewall;
  readonly egress: Egress;
  readonly recorder: Recorder;
  readonly rules: () => ListInForce;
  /** Puts another list in force, for what is open as well. Rejects: the one before stays. */
  setRules(list: ListInForce): Promise<void>;
  /** Has the operator told, where he wants to be. Never waits, never fails. */
  tell(word: NotificationWord): void;
  stop: Egress['stop'];
}

export interface EgressServiceParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: StateStore;
  readonly handover: Handover;
}

/** Starts the egress process and the reader of the firewall's log, and keeps them running. */
export function startEgressServices(parts: EgressServiceParts): EgressServices {
  const { host, log, store, handover } = parts;
  const own = targetsToSend(parts);
  let sets: readonly RuleSet[] | null = null;
  let list: ListInForce = withoutReserved({ rules: handover.settings.rules, denied: [] }, own);
  const recorder = makeRecorder({
    host,
    log,
    remedyFor: async (refusal) => {
      const { findRemedy } = await import('../policy/remedy.ts');
      sets ??= await loadSets(host);
      return findRemedy(refusal, { sets, denied: list.denied });
    },
    changed: (egress) => store.post({ egress }),
  });
  const firewall = startFirewall(parts, { list, own });
  const egress = startEgress(parts, { firewall, recorder, list: () => list, own });
  const packetLog = startPacketLogger({ ...parts, firewall, recorder, held: heldBy(handover.environment) });
  const tell = (word: NotificationWord) => {
    if (own?.notify) egress.tell(word);
  };
  watchEgress({ host, log, store }, { egress, packetLog });
  postProxied(parts, list);
  return {
    firewall,
    egress,
    recorder,
    rules: () => list,
    tell,
    setRules: async (changed) => {
      const next = withoutReserved(changed, own);
      await firewall.setRules(makeAllowlist(next.rules, next.denied));
      list = next;
      egress.setList(next);
      postProxied(parts, next);
      recorder.listChanged();
      // Here and not with the next refusal, which the agent waits to hear of.
      if (sets !== null) sets = await loadSets(host);
    },
    stop: async (grace, hurried) => {
      const cut = hurried === undefined ? [] : [hurried];
      if (own?.notify) await Promise.race([egress.flush(stopBudget.lastWords), ...cut]);
      await Promise.all([egress.stop(grace, hurried), packetLog.stop(grace, hurried)]);
      await recorder.flush();
    },
  };
}

/** Parsing needs the list of public suffixes: it is loaded by the first who asks. */
async function loadSets(host: Host): Promise<readonly RuleSet[]> {
  return (await import('./read-sets.ts')).readSets(host.files).sets;
}

function targetsToSend({ log, handover }: EgressServiceParts): OutboundTargets | null {
  const { settings, task } = handover;
  const own = outboundTargets(sendable(settings, handover), { once: task.length > 0 });
  if (own === null && outboundTargets(settings) !== null)
    log.event('warn', 'outbound.off', {
      reason: 'egress goes by address: the agent could dial what the box dials',
    });
  return own;
}

function postProxied({ store, handover }: EgressServiceParts, list: ListInForce): void {
  const proxied = handover.byAddress ? [] : proxiedPorts(list.rules);
  const { rules } = makeAllowlist(list.rules, list.denied);
  const neighbours = rules.filter(({ neighbour }) => neighbour).map(renderRule);
  store.post({ firewall: { ...store.state.firewall, proxied, neighbours } });
}

function startFirewall(
  { host, log, store, handover }: EgressServiceParts,
  { list, own }: { list: ListInForce; own: OutboundTargets | null },
): Firewall {
  const { environment, settings, byAddress, backend } = handover;
  return makeFirewall({
    host,
    allowlist: makeAllowlist(list.rules, list.denied),
    own: [...(own === null ? [] : targetsOf(own)), ...proxyOpenings(settings.proxy)],
    mayOpen: makeOpenJudge(environment),
    mayDial: makeAddressJudge({ ...environment, allowed: settings.allowPrivate }),
    mayReach: makeNeighbourJudge({ ...environment, ...environment.neighbours }),
    backend,
    byAddress,
    dialler: byAddress ? environment.agent.uid : egressIdentity.uid,
    changed: makePinPoster({ host, log, store }),
  });
}

function startEgress(
  { host, log, store, handover }: EgressServiceParts,
  started: { firewall: Firewall; recorder: Recorder; list: () => ListInForce; own: OutboundTargets | null },
): Egress {
  const { environment, settings, byAddress } = handover;
  const { firewall, recorder, list, own } = started;
  const egress: Egress = respawnEgress({
    host,
    log,
    firewall,
    configuration: () => ({
      kind: 'configure',
      ...list(),
      upstreams: environment.upstreams,
      connected: environment.connected,
      local: environment.local,
      allowed: settings.allowPrivate,
      neighbours: environment.neighbours,
      proxy: settings.proxy === null ? null : withoutUrl(settings.proxy),
      byAddress,
      own,
    }),
    sockets: {
      ...host.bindSockets(ownAddress, resolverPort),
      proxy: host.bindStream(ownAddress, proxyPort),
      ingest: host.bindStream(ownAddress, ingestPort),
    },
    argv: [Paths.node, ...nodeFlags, Paths.program, 'egress'],
    env: ownNodeEnvironment(),
    held: heldBy(environment),
    reported: recorder.report,
    tell: (news) => store.events.emit('child', news),
    changed: (report) => {
      store.post({ resolver: { ...store.state.resolver, ...report } });
      // A new process knows no address yet, and opaque rules know their connections by address alone.
      if (report.running && report.restarts > 0) egress.refresh(exactNames(list().rules), () => {});
    },
  });
  return egress;
}

/** Neither program of the way out has a file to write. */
function heldBy({ agent: { landlock, limits } }: BoxEnvironment): Pick<Identity, 'landlock' | 'limits'> {
  return {
    landlock: landlock === null || landlock === undefined ? null : { ...landlock, folders: [] },
    ...(limits === undefined ? {} : { limits: { resources: limits.base, groups: [] } }),
  };
}

function proxyOpenings(proxy: UpstreamProxy | null): OutboundOpening[] {
  return proxy === null ? [] : [{ name: proxy.host, port: proxy.port, anywhere: true }];
}

/** The URL as a whole has done its work. */
function withoutUrl({ host, port, authorization, exempt }: UpstreamProxy): UpstreamProxy {
  return { host, port, authorization, exempt };
}
