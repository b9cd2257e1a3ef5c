import type { Socket } from 'node:net';
import type { Unresolved } from '../../policy/model-trouble.ts';
import type { Trouble } from '../../policy/refusal.ts';
import { goesThrough, type UpstreamProxy } from '../../policy/upstream-proxy.ts';
import type { Resolution } from '../resolver/resolver-parts.ts';
import { askForTunnel, ProxyError } from './ask-for-tunnel.ts';
import { dial } from './dial.ts';
import type { Limits } from './proxy-limits.ts';

const tlsPort = 443;

export interface ProxyWayParts {
  readonly proxy: UpstreamProxy;
  /** Of the proxy's own host. */
  readonly resolve: (host: string) => Promise<Resolution>;
  readonly pin: (opening: {
    readonly name: string;
    readonly port: number;
    readonly addresses: readonly string[];
    readonly ttl: number;
    readonly own: true;
  }) => Promise<void>;
  readonly limits: Pick<Limits, 'stagger' | 'dial'>;
}

/** The way out through the proxy of a company. What fails is a ProxyError. */
export interface ProxyWay {
  readonly authorization: string | null;
  covers(name: string): boolean;
  /** Connects to the proxy itself. */
  reach(): Promise<Socket>;
  /** Has the proxy connect to that name, and nothing but the name is told: it is resolved there. */
  tunnel(place: { readonly name: string; readonly port: number }): Promise<Socket>;
}

export function makeProxyWay({ proxy, resolve, pin, limits }: ProxyWayParts): ProxyWay {
  const { host, port, authorization } = proxy;
  const reach = async () => {
    const resolution = await resolve(host);
    if (resolution.kind !== 'addresses' || resolution.addresses.length === 0)
      throw new ProxyError('proxy-unreachable', `${host} has no address`);
    try {
      await pin({ name: host, port, addresses: resolution.addresses, ttl: resolution.ttl, own: true });
      return await dial(resolution.addresses, port, limits);
    } catch (error) {
      throw new ProxyError('proxy-unreachable', (error as Error).message);
    }
  };
  return {
    authorization,
    covers: (name) => goesThrough(proxy, name),
    reach,
    tunnel: async (place) => {
      const socket = await reach();
      try {
        await askForTunnel(socket, { ...place, authorization, patience: limits.dial });
        return socket;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    },
  };
}

/** Tries whether the proxy connects to that name, and says nothing there.  @returns why there is none, or null. */
export async function probe(way: ProxyWay, name: string): Promise<Unresolved | null> {
  try {
    (await way.tunnel({ name, port: tlsPort })).destroy();
    return null;
  } catch (error) {
    return { why: troubleOf(error).trouble, address: null };
  }
}

/** @returns what became of an attempt through the proxy. */
export function troubleOf(error: unknown): { readonly trouble: Trouble; readonly detail: string } {
  const trouble = error instanceof ProxyError ? error.trouble : 'proxy-unreachable';
  return { trouble, detail: (error as Error).message };
}
