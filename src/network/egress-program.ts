import { makeAddressJudge } from '../policy/address-class.ts';
import { type Allowlist, makeAllowlist } from '../policy/allowlist.ts';
import { makeNeighbourJudge } from '../policy/neighbour.ts';
import { standInFor } from '../policy/upstream-proxy.ts';
import { openProxyWay } from './open-proxy-way.ts';
import type { Outbound, OutboundParts } from './outbound/outbound.ts';
import { type Leases, makeLeases } from './pin-leases.ts';
import type { FromEgress, ToEgress } from './protocol.ts';
import { listenProxy, makeEgressProxy } from './proxy/proxy.ts';
import type { EgressProxy, ProxyParts } from './proxy/proxy-parts.ts';
import type { ProxyWay } from './proxy/proxy-way.ts';
import { makeReports } from './refusal-reports.ts';
import { resolveAll } from './resolve-all.ts';
import { makeNeighbourAsk } from './resolver/ask-neighbour.ts';
import { makeResolver } from './resolver/resolver.ts';
import type { Resolver } from './resolver/resolver-parts.ts';
import { serve } from './resolver/serve.ts';
import { makeUpstream } from './upstream/upstream.ts';

/** Milliseconds after a pass over the whole list, when its leftovers in memory are dropped. */
const settling = 2000;

/** What the egress process needs of its machine. */
export interface EgressMachine {
  /** Of the sockets that init holds: the resolver's two and the proxy's. */
  readonly descriptors: {
    readonly udp: number;
    readonly tcp: number;
    readonly proxy: number;
    readonly ingest: number;
  };
  readonly destinationOf: ProxyParts['destinationOf'];
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  readonly compactMemory: () => void;
  /** Sends a packet that the firewall refuses and tells of. */
  readonly knock: () => void;
  /** @returns the PEM text of the authorities this box trusts. */
  readonly authorities: () => string;
}

export interface EgressLink {
  send(message: FromEgress): void;
  onMessage(listener: (message: ToEgress) => void): void;
}

interface Running {
  readonly resolver: Resolver;
  readonly way: ProxyWay | null;
  /** From now on this list is in force, for what is open as well. */
  setRules(allowlist: Allowlist): void;
  /** What the box itself sends, where it sends anything. */
  readonly own: Promise<Outbound> | null;
}

/**
 * The egress process: serves the resolver and the proxy on the sockets it was handed, and has init open the firewall for
 * what the proxy dials. Only where the agent dials for itself does an answer to a query open it.
 */
export function runEgress(link: EgressLink, machine: EgressMachine): void {
  const leases = makeLeases({ send: link.send, now: machine.now });
  let running: Running | null = null;
  link.onMessage((message) => {
    switch (message.kind) {
      case 'configure':
        running ??= begin({ link, machine, leases }, message);
        break;
      case 'rules':
        running?.setRules(makeAllowlist(message.rules, message.denied));
        break;
      case 'pinned':
        leases.settle(message.id, message.failure);
        break;
      case 'tell':
        void running?.own?.then((own) => own.tell(message.word));
        break;
      case 'ask':
        machine.knock();
        link.send({ kind: 'answer', id: message.id });
        break;
      case 'flush':
        void Promise.resolve(running?.own)
          .then((own) => own?.flush())
          .then(() => link.send({ kind: 'flushed', id: message.id }));
        break;
      case 'resolve':
        void resolveAll({ send: link.send, leases, ...running }, message).then(() =>
          setTimeout(machine.compactMemory, settling),
        );
    }
  });
}

function begin(
  { link, machine, leases }: { link: EgressLink; machine: EgressMachine; leases: Leases },
  configuration: Extract<ToEgress, { kind: 'configure' }>,
): Running {
  let allowlist = makeAllowlist(configuration.rules, configuration.denied);
  const reports = makeReports(link.send, machine.now);
  const ask = makeUpstream(configuration.upstreams);
  const mayDial = makeAddressJudge(configuration);
  const way = openProxyWay(configuration, { ask, pin: leases.pin, now: machine.now });
  const own = startOwn({ link, machine, leases }, configuration, { ask, mayDial, way });
  const standIn = standInFor(configuration.connected, configuration.neighbours.gateways);
  const resolver = makeResolver({
    allowlist: () => allowlist,
    ask,
    mayDial,
    standIn: (name) => (way?.covers(name) ? standIn : null),
    neighbours: {
      ask: makeNeighbourAsk(configuration.neighbours),
      mayReach: makeNeighbourJudge({ ...configuration, ...configuration.neighbours }),
    },
    learned: (name, addresses, ttl) =>
      configuration.byAddress
        ? leases.pin({ name, port: null, addresses, ttl })
        : proxy.learn(name, addresses),
    refused: reports.refused,
    failed: reports.failed,
    now: machine.now,
  });
  const proxy: EgressProxy = makeEgressProxy({
    allowlist: () => allowlist,
    resolve: resolver.resolve,
    pin: leases.pin,
    way,
    destinationOf: machine.destinationOf,
    refused: reports.refused,
    failed: reports.failed,
    now: machine.now,
  });
  void Promise.all([
    serve(resolver, machine),
    configuration.byAddress ? null : listenProxy(proxy, { fd: machine.descriptors.proxy }),
    own,
  ]).then(() => link.send({ kind: 'ready' }));
  return {
    resolver,
    way,
    own,
    setRules: (changed) => {
      allowlist = changed;
      resolver.forget();
      leases.forget();
      proxy.reconsider();
    },
  };
}

/** Most boxes send nothing themselves: they never load what it takes. */
function startOwn(
  { link, machine, leases }: { link: EgressLink; machine: EgressMachine; leases: Leases },
  { own }: Extract<ToEgress, { kind: 'configure' }>,
  names: Pick<OutboundParts, 'ask' | 'mayDial' | 'way'>,
): Promise<Outbound> | null {
  if (own === null) return null;
  return import('./outbound/outbound.ts').then(({ openOutbound }) =>
    openOutbound({
      ...machine,
      ...names,
      own,
      pin: leases.pin,
      ingest: { fd: machine.descriptors.ingest },
      troubled: (what, reason) => link.send({ kind: 'troubled', what, reason }),
    }),
  );
}
