import type { Socket } from 'node:net';
import type { Allowlist } from '../../policy/allowlist.ts';
import type { Failure, Refusal } from '../../policy/refusal.ts';
import type { Resolution } from '../resolver/resolver-parts.ts';
import type { ProxyWay } from './proxy-way.ts';

/** What a client dialled before its connection was redirected to the proxy: IPv4 address and TCP port. */
export interface Destination {
  readonly address: string;
  readonly port: number;
}

/** A way out for one proven name: these addresses, on this port, for `ttl` seconds. */
export interface Opening {
  readonly name: string;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly ttl: number;
}

export interface ProxyParts {
  /** The rules of this moment: they change while the proxy runs. */
  readonly allowlist: () => Allowlist;
  readonly resolve: (name: string) => Promise<Resolution>;
  /** Resolves once init has opened the firewall; rejects when it would not, or could not. */
  readonly pin: (opening: Opening) => Promise<void>;
  /** Through the operator's proxy, for the names that it covers; null or absent where there is none. */
  readonly way?: ProxyWay | null;
  /** @returns null where the connection was not redirected to us. */
  readonly destinationOf: (socket: Socket) => Destination | null;
  readonly refused: (refusal: Refusal) => void;
  readonly failed: (failure: Failure) => void;
  readonly now: () => number;
}

export interface EgressProxy {
  /** Takes over a connection of the agent's. */
  take(socket: Socket): void;
  /** Hears of every answer of the resolver: opaque TCP rules know their connections by address alone. */
  learn(name: string, addresses: readonly string[]): void;
  /** Ends every connection whose name and port no rule allows any longer.  @returns how many. */
  reconsider(): number;
  readonly open: number;
}
