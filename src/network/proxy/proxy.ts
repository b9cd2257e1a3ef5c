import { type Connection, type Desk, tellRefused } from './connection.ts';
import { makeCrowd } from './connection-table.ts';
import { judge } from './judge-claim.ts';
import { makeKnownAddresses } from './known-addresses.ts';
import { planFor } from './plan-connection.ts';
import { connectionLimits, type Limits } from './proxy-limits.ts';
import type { Guard, GuardParts } from './proxy-parts.ts';
import { takeTcp } from './tcp.ts';
import { takeTls } from './tls.ts';

/**
 * Judges connections by what they say themselves and relays the allowed ones. `take` wants sockets that were made
 * with `allowHalfOpen` and are not paused, as `listenGuard` makes them.
 */
export function makeGuard(parts: GuardParts, changed: Partial<Limits> = {}): Guard {
  const desk: Desk = { parts, limits: { ...connectionLimits, ...changed } };
  const crowd = makeCrowd(desk);
  const known = makeKnownAddresses(parts.now);
  const takeHttp = makeLateHttp(desk);
  return {
    take: (socket) => {
      // A socket whose error nobody hears would end the whole process.
      socket.on('error', () => {});
      const destination = parts.destinationOf(socket);
      if (destination === null) return void socket.resetAndDestroy();
      const connection = crowd.admit(socket, destination);
      if (connection === null) return;
      const plan = planFor(parts.allowlist(), destination, known.namesOf(destination.address));
      switch (plan.speaks) {
        case 'tls':
          return takeTls(desk, connection);
        case 'http':
          return takeHttp(connection);
        case 'tcp':
          return void takeTcp(desk, connection, plan.name);
        case 'nothing':
          tellRefused(desk, connection, { via: 'tcp', reason: 'no-such-address', name: null });
          return connection.cut();
      }
    },
    learn: (name, addresses) => {
      const rules = parts.allowlist().rulesFor(name);
      if (rules.some(({ protocol }) => protocol === 'tcp')) known.learn(name, addresses);
    },
    reconsider: () => {
      const allowlist = parts.allowlist();
      return crowd.cutAll(({ claims }) =>
        [...claims.values()].some((claim) => judge(allowlist, claim) !== null),
      );
    },
    get open() {
      return crowd.size;
    },
  };
}

/** Loads what plain HTTP takes when the first such connection comes: most boxes never see one. */
function makeLateHttp(desk: Desk): (connection: Connection) => void {
  let loading: Promise<(connection: Connection) => void> | null = null;
  return (connection) => {
    const { socket } = connection;
    socket.pause();
    loading ??= import('./http.ts').then(({ makeHttpFront }) => makeHttpFront(desk));
    void loading.then((take) => {
      if (socket.destroyed) return;
      take(connection);
      socket.resume();
    });
  };
}
