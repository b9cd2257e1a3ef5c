import type { Socket } from 'node:net';
import { type Connection, type ProxyContext, tellFailed } from './connection.ts';
import type { Destination } from './proxy-parts.ts';

/** Every connection of the proxy, within its limits. */
export interface ConnectionTable {
  /** @returns null where there was no room: the socket is reset. */
  admit(socket: Socket, destination: Destination): Connection | null;
  /** @returns how many were cut. */
  cutAll(doomed: (connection: Connection) => boolean): number;
  readonly size: number;
}

export function makeConnectionTable(context: ProxyContext): ConnectionTable {
  const { limits } = context;
  const open = new Set<Connection>();
  /** In the order of arrival: whoever has waited longest without a name gives way to the next. */
  const unproven = new Set<Connection>();

  const turnAway = (connection: Connection) => {
    const detail = `${open.size} connections, ${unproven.size} of them without a name`;
    tellFailed(context, connection, { via: 'tcp', trouble: 'overloaded', name: null, detail });
    connection.cut();
  };
  const leave = (connection: Connection) => {
    unproven.delete(connection);
    open.delete(connection);
  };
  return {
    admit: (socket, destination) => {
      const connection = makeConnection(socket, destination, () => unproven.delete(connection));
      const [oldest] = unproven;
      const crowded = open.size >= limits.connections || unproven.size >= limits.unproven;
      const victim = crowded ? (oldest ?? connection) : null;
      if (victim !== null) {
        turnAway(victim);
        leave(victim);
      }
      if (victim === connection) return null;
      open.add(connection);
      unproven.add(connection);
      socket.once('close', () => leave(connection));
      return connection;
    },
    cutAll: (doomed) => {
      const found = [...open].filter(doomed);
      for (const connection of found) connection.cut();
      return found.length;
    },
    get size() {
      return open.size;
    },
  };
}

function makeConnection(socket: Socket, destination: Destination, proven: () => void): Connection {
  const claims: Connection['claims'] = new Map();
  return {
    socket,
    destination,
    claims,
    prove: (claim) => {
      claims.set(claim.name, claim);
      proven();
    },
    cut: () => void socket.resetAndDestroy(),
  };
}
