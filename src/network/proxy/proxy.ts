import { createServer, type Server } from 'node:net';
import { type Connection, type ProxyContext, tellRefused } from './connection.ts';
import { makeConnectionTable } from './connection-table.ts';
import { judge } from './judge-claim.ts';
import { makeKnownAddresses } from './known-addresses.ts';
import { planFor } from './plan-connection.ts';
import { connectionLimits, type Limits } from './proxy-limits.ts';
import type { EgressProxy, ProxyParts } from './proxy-parts.ts';
import { takeTcp } from './tcp.ts';
import { takeTls } from './tls.ts';

const mostAccepted = 16_384;
const backlog = 4096;
const probeAfter = 60_000;

/**
 * Serves the proxy on a socket somebody else bound. Its clients' sockets keep our side open when they close
 * theirs, and are not paused: `take` reads, or pauses, before it returns.
 */
export function listenProxy(proxy: EgressProxy, descriptor: { readonly fd: number }): Promise<Server> {
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: probeAfter },
    (socket) => proxy.take(socket),
  );
  server.maxConnections = mostAccepted;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd: descriptor.fd, backlog }, () => resolve(server));
  });
}

/**
 * Judges connections by what they say themselves and relays the allowed ones. `take` wants sockets that were made
 * with `allowHalfOpen` and are not paused, as `listenProxy` makes them.
 */
export function makeEgressProxy(parts: ProxyParts, changed: Partial<Limits> = {}): EgressProxy {
  const context: ProxyContext = { parts, limits: { ...connectionLimits, ...changed } };
  const table = makeConnectionTable(context);
  const known = makeKnownAddresses(parts.now);
  const takeHttp = makeLateHttp(context);
  return {
    take: (socket) => {
      // A socket whose error nobody hears would end the whole process.
      socket.on('error', () => {});
      const destination = parts.destinationOf(socket);
      if (destination === null) return void socket.resetAndDestroy();
      const connection = table.admit(socket, destination);
      if (connection === null) return;
      const plan = planFor(parts.allowlist(), destination, known.namesOf(destination.address));
      switch (plan.speaks) {
        case 'tls':
          return takeTls(context, connection);
        case 'http':
          return takeHttp(connection);
        case 'tcp':
          return void takeTcp(context, connection, plan.names);
        case 'nothing':
          tellRefused(context, connection, { via: 'tcp', reason: 'no-such-address', name: null });
          return connection.cut();
      }
    },
    learn: (name, addresses) => {
      const rules = parts.allowlist().rulesFor(name);
      if (rules.some(({ protocol }) => protocol === 'tcp')) known.learn(name, addresses);
    },
    reconsider: () => {
      const allowlist = parts.allowlist();
      return table.cutAll(({ claims }) =>
        [...claims.values()].some((claim) => judge(allowlist, claim) !== null),
      );
    },
    get open() {
      return table.size;
    },
  };
}

/** Loads what plain HTTP takes when the first such connection comes: most boxes never see one. */
function makeLateHttp(context: ProxyContext): (connection: Connection) => void {
  let loading: Promise<(connection: Connection) => void> | null = null;
  return (connection) => {
    const { socket } = connection;
    socket.pause();
    loading ??= import('./http.ts').then(({ makeHttpFront }) => makeHttpFront(context));
    void loading.then((take) => {
      if (socket.destroyed) return;
      take(connection);
      socket.resume();
    });
  };
}
