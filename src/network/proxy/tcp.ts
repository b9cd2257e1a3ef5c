import { makeRelay } from './byte-relay.ts';
import { type Connection, type ProxyContext, tellFailed, tellRefused } from './connection.ts';
import { dialAddresses } from './outbound-dial.ts';

/** Seconds: long enough for a dial. Nothing holds the address but this connection. */
const lease = 300;

/** Relays an opaque connection to the very address it dialled, one that allowed name `name` is known to have. */
export async function takeTcp(context: ProxyContext, connection: Connection, name: string): Promise<void> {
  const { socket, destination } = connection;
  socket.pause();
  const claim = { name, port: destination.port, protocol: 'tcp' } as const;
  connection.prove(claim);
  const answer = { addresses: [destination.address], ttl: lease };
  const relay = makeRelay(socket, context.limits.idle);
  const from = { ...context, isGone: () => socket.destroyed, onread: relay.onread };
  const way = await dialAddresses(from, claim, answer);
  switch (way.kind) {
    case 'open':
      return relay.start(way.socket);
    case 'refused':
      tellRefused(context, connection, { via: 'tcp', reason: way.reason, name });
      return connection.cut();
    case 'failed':
      tellFailed(context, connection, { via: 'tcp', ...way, name });
      return connection.cut();
    case 'gone':
      return;
  }
}
