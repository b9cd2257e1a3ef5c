import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connection, Desk } from './connection.ts';
import { openWay, type Way } from './outbound-dial.ts';

/** What stands between a request and its server. */
export class Obstacle extends Error {
  readonly way: Extract<Way, { kind: 'refused' | 'failed' }>;

  constructor(way: Extract<Way, { kind: 'refused' | 'failed' }>) {
    super('no way out');
    this.way = way;
  }
}

/**
 * Keeps one connection a name, for one client alone. A request's `host` is a name to prove and open a way for,
 * never one for the system's resolver.
 */
export class NameAgent extends Agent {
  readonly #desk: Desk;
  readonly #connection: Connection;

  constructor(desk: Desk, connection: Connection) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#desk = desk;
    this.#connection = connection;
  }

  override createConnection(
    options: ClientRequestArgs,
    done: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { socket, destination } = this.#connection;
    const claim = { name: options.host ?? '', port: destination.port, protocol: 'http' } as const;
    const none = undefined as unknown as Duplex;
    void openWay({ ...this.#desk, isGone: () => socket.destroyed }, claim).then((way) => {
      if (way.kind === 'open') done(null, way.socket.setTimeout(this.#desk.limits.idle));
      else done(way.kind === 'gone' ? new Error('the client has gone') : new Obstacle(way), none);
    });
  }
}
