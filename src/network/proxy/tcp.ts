import { makeRelay } from './byte-relay.ts';
import { type Connection, type ProxyContext, tellFailed, tellRefused } from './connection.ts';
import { dialAddresses, dialOutbound } from './outbound-dial.ts';

/** Seconds: long enough for a dial. Nothing holds the address but this connection. */
const lease = 300;

/**
 * Relays an opaque connection to the very address it dialled, one that all of these allowed names are known to have had.
 */
export async function takeTcp(
  context: ProxyContext,
  connection: Connection,
  names: readonly [string, ...string[]],
): Promise<void> {
  const { socket, destination } = connection;
  socket.pause();
  const name = await nameOf(context, names, destination.address);
  if (name === null) {
    tellRefused(context, connection, { via: 'tcp', reason: 'no-such-address', name: names[0] });
    return connection.cut();
  }
  const claim = { name, port: destination.port, protocol: 'tcp' } as const;
  connection.prove(claim);
  const answer = { addresses: [destination.address], ttl: lease };
  const relay = makeRelay(socket, context.limits.idle);
  const from = { ...context, isGone: () => socket.destroyed, onread: relay.onread };
  const way =
    !isNeighbour(context, name) && context.parts.way?.covers(name)
      ? await dialOutbound(from, claim)
      : await dialAddresses(from, claim, answer);
  switch (way.kind) {
    case 'open':
      return relay.start(way.socket, way);
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

/**
 * @returns the first that may be meant, or null: a neighbour only where it still is. Of the names that the operator's proxy
 * resolves, which share an address, one alone can be meant.
 */
async function nameOf(
  context: ProxyContext,
  names: readonly string[],
  address: string,
): Promise<string | null> {
  const covers = (name: string) => !isNeighbour(context, name) && context.parts.way?.covers(name) === true;
  const shared = names.filter(covers);
  for (const name of names) {
    if (covers(name) && shared.length > 1) continue;
    if (!isNeighbour(context, name) || (await stillHas(context, name, address))) return name;
  }
  return null;
}

function isNeighbour({ parts }: ProxyContext, name: string): boolean {
  return parts
    .allowlist()
    .rulesFor(name)
    .some(({ neighbour }) => neighbour);
}

/** The address of a neighbour that is gone may be another container's by now. */
export async function stillHas({ parts }: ProxyContext, name: string, address: string): Promise<boolean> {
  const resolution = await parts.resolve(name).catch(() => null);
  return resolution?.kind === 'addresses' && resolution.addresses.includes(address);
}
