import { makeRelay } from './byte-relay.ts';
import { type Connection, type Desk, tellFailed, tellRefused } from './connection.ts';
import { openAddresses } from './outbound-dial.ts';

/** Seconds: long enough for a dial. Nothing holds the address but this connection. */
const lease = 300;

/** Relays an opaque connection to the very address it dialled, one that allowed name `name` is known to have. */
export async function takeTcp(desk: Desk, connection: Connection, name: string): Promise<void> {
  const { socket, destination } = connection;
  socket.pause();
  const claim = { name, port: destination.port, protocol: 'tcp' } as const;
  connection.prove(claim);
  const answer = { addresses: [destination.address], ttl: lease };
  const relay = makeRelay(socket, desk.limits.idle);
  const from = { ...desk, isGone: () => socket.destroyed, onread: relay.onread };
  const way = await openAddresses(from, claim, answer);
  switch (way.kind) {
    case 'open':
      return relay.start(way.socket);
    case 'refused':
      tellRefused(desk, connection, { via: 'tcp', reason: way.reason, name });
      return connection.cut();
    case 'failed':
      tellFailed(desk, connection, { via: 'tcp', ...way, name });
      return connection.cut();
    case 'gone':
      return;
  }
}
