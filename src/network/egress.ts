import { type AddressJudge, makeAddressJudge } from './address-class.ts';
import { makeAllowlist } from './allowlist/allowlist.ts';
import type { FromEgress, ToEgress } from './link.ts';
import { makeResolver, type Resolver, type ResolverParts } from './resolver/resolver.ts';
import { serve } from './resolver/serve.ts';
import { makeUpstream } from './resolver/upstream.ts';

/** Milliseconds between two reports of denied names: a flood is counted, not repeated. */
const reportPause = 500;
const mostReported = 20;
/** Milliseconds after a pass over the whole list, when its leftovers in memory are dropped. */
const settling = 2000;
/** How many names are asked for at once when init wants the whole allowlist. */
const overlap = 128;

/** What the egress process needs of its machine. */
export interface EgressMachine {
  /** Of the UDP and the TCP socket that init holds. */
  readonly descriptors: { readonly udp: number; readonly tcp: number };
  readonly now: () => number;
  readonly compactMemory: () => void;
}

export interface EgressLink {
  send(message: FromEgress): void;
  onMessage(listener: (message: ToEgress) => void): void;
}

/**
 * The egress process: serves the resolver on the sockets it was handed, and has init open the wall for what the
 * resolver finds.
 */
export function runEgress(link: EgressLink, machine: EgressMachine): void {
  const pins = makePins(link);
  const denied = makeReports(link);
  let resolver: Resolver | null = null;
  link.onMessage((message) => {
    if (message.kind === 'pinned') pins.settle(message.id, message.failure);
    else if (message.kind === 'resolve') {
      void resolveAll(resolver, message.names, link).then(() => setTimeout(machine.compactMemory, settling));
    } else if (resolver === null) {
      const judge: AddressJudge = makeAddressJudge(message);
      const parts: ResolverParts = {
        allowlist: makeAllowlist(message.rules),
        ask: makeUpstream(message.upstreams),
        mayDial: judge,
        pin: pins.ask,
        denied,
        now: machine.now,
      };
      resolver = makeResolver(parts);
      void serve(resolver, machine.descriptors).then(() => link.send({ kind: 'ready' }));
    }
  });
}

function makePins(link: EgressLink) {
  const waiting = new Map<number, (failure: string | null) => void>();
  let last = 0;
  return {
    ask: (name: string, addresses: readonly string[], ttl: number) =>
      new Promise<void>((resolve, reject) => {
        last += 1;
        waiting.set(last, (failure) => (failure === null ? resolve() : reject(new Error(failure))));
        link.send({ kind: 'pin', id: last, name, addresses, ttl });
      }),
    settle: (id: number, failure: string | null) => {
      waiting.get(id)?.(failure);
      waiting.delete(id);
    },
  };
}

function makeReports(link: EgressLink): (name: string, reason: string) => void {
  const counts = new Map<string, { reason: string; count: number }>();
  let overflow = 0;
  const flush = () => {
    for (const [name, { reason, count }] of counts) link.send({ kind: 'denied', name, reason, count });
    if (overflow > 0)
      link.send({ kind: 'denied', name: '(other names)', reason: 'too many to list', count: overflow });
    counts.clear();
    overflow = 0;
  };
  return (name, reason) => {
    if (counts.size === 0 && overflow === 0) setTimeout(flush, reportPause);
    const known = counts.get(name);
    if (known !== undefined) known.count += 1;
    else if (counts.size < mostReported) counts.set(name, { reason, count: 1 });
    else overflow += 1;
  };
}

async function resolveAll(
  resolver: Resolver | null,
  names: readonly string[],
  link: EgressLink,
): Promise<void> {
  const queue = names.values();
  const work = async () => {
    for (const name of queue) {
      const outcome = (await resolver?.resolve(name, { fresh: true }))?.kind ?? 'failed';
      link.send({ kind: 'resolved', name, outcome });
    }
  };
  await Promise.all(Array.from({ length: overlap }, work));
}
