import { createSocket } from 'node:dgram';
import { BoundSocket } from 'node:net';

/** Sockets that children inherit must live as long as this program, or the agent could take their place. */
const held: unknown[] = [];

/**
 * Binds a UDP and a TCP socket on one address and port, and holds them.
 * @returns their descriptors.
 */
export function bindSockets(address: string, port: number): { udp: number; tcp: number } {
  const stream = new BoundSocket({ host: address, port });
  const datagrams = createSocket('udp4');
  datagrams.bindSync({ address, port });
  const handle = handleOf(datagrams);
  // Node reads from a UDP socket as soon as it is bound, and would take queries from the child.
  handle.recvStop();
  held.push(stream, datagrams);
  return { udp: handle.fd, tcp: stream.fd() };
}

interface Handle {
  readonly fd: number;
  recvStop(): void;
}

/** Node has no public way to a UDP socket's descriptor; its state hangs on a symbol. */
function handleOf(socket: object): Handle {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    (candidate) => candidate.description === 'state symbol',
  );
  const state = symbol === undefined ? undefined : (socket as Record<symbol, { handle?: Handle }>)[symbol];
  if (state?.handle === undefined) throw new Error('this Node hides the descriptor of a UDP socket');
  return state.handle;
}
