import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connection, ProxyContext } from './connection.ts';
import { type DialResult, dialOutbound } from './outbound-dial.ts';
import type { ProxyWay } from './proxy-way.ts';

/** What stands between a request and its server. */
export class Obstacle extends Error {
  readonly way: Extract<DialResult, { kind: 'refused' | 'failed' }>;

  constructor(way: Extract<DialResult, { kind: 'refused' | 'failed' }>) {
    super('no way out');
    this.way = way;
  }
}

/**
 * Keeps one connection a name, for one client alone. A request's `host` is a name to prove and open a way for,
 * never one for the system's resolver.
 */
export class NameAgent extends Agent {
  readonly #context: ProxyContext;
  readonly #connection: Connection;

  constructor(context: ProxyContext, connection: Connection) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#context = context;
    this.#connection = connection;
  }

  /** @returns the operator's proxy where it is to be asked for this name, else null. */
  proxyFor(name: string): ProxyWay | null {
    const { way } = this.#context.parts;
    return way?.covers(name) ? way : null;
  }

  override createConnection(
    options: ClientRequestArgs,
    done: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { socket, destination } = this.#connection;
    const claim = { name: options.host ?? '', port: destination.port, protocol: 'http' } as const;
    const none = undefined as unknown as Duplex;
    void dialOutbound({ ...this.#context, isGone: () => socket.destroyed }, claim).then((way) => {
      if (way.kind === 'open') done(null, way.socket.setTimeout(this.#context.limits.idle));
      else done(way.kind === 'gone' ? new Error('the client has gone') : new Obstacle(way), none);
    });
  }
}
