import { createServer, type Server } from 'node:net';
import type { EgressProxy } from './proxy-parts.ts';

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
