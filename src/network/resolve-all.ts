import { isIPv4 } from 'node:net';
import type { Unresolved } from '../policy/model-trouble.ts';
import type { Leases } from './pin-leases.ts';
import type { FromEgress, ToEgress } from './protocol.ts';
import { type ProxyWay, probe } from './proxy/proxy-way.ts';
import type { Resolution, Resolver } from './resolver/resolver-parts.ts';

/** How many names are asked for at once when init wants the whole allowlist. */
const overlap = 128;

interface ResolvingParts {
  readonly send: (message: FromEgress) => void;
  readonly leases: Leases;
  /** Absent until the process is configured. */
  readonly resolver?: Resolver;
  readonly way?: ProxyWay | null;
}

/** Resolves and pins every name, and reports each. */
export async function resolveAll(
  { send, leases, resolver, way }: ResolvingParts,
  { id, names, probed }: Extract<ToEgress, { kind: 'resolve' }>,
): Promise<void> {
  const queue = names.values();
  const find = async (name: string): Promise<Unresolved | null> => {
    const resolution = await resolver?.resolve(name, { fresh: true });
    const trouble = troubleOf(resolution);
    if (trouble !== null || resolution?.kind !== 'addresses') return trouble;
    if (way?.covers(name)) return probed.includes(name) ? probe(way, name) : null;
    await leases.pin({ name, port: null, ...resolution }).catch(() => {});
    return null;
  };
  const work = async () => {
    for (const name of queue) send({ kind: 'resolved', id, name, trouble: await find(name) });
  };
  await Promise.all(Array.from({ length: overlap }, work));
}

function troubleOf(resolution: Resolution | undefined): Unresolved | null {
  const told = (why: Unresolved['why'], address: string | null = null) => ({ why, address });
  switch (resolution?.kind) {
    case 'addresses':
      return resolution.addresses.length > 0 ? null : told('no-address');
    case 'absent':
      return told('no-such-name');
    case 'denied':
      return told(
        resolution.reason,
        resolution.struck?.find((address) => isIPv4(address)),
      );
    case 'failed':
      return told(resolution.trouble);
    case undefined:
      return told('upstream-silent');
  }
}
