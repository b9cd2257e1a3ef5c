import { createSocket } from 'node:dgram';
import { BoundSocket, createServer } from 'node:net';

const longestLine = 8192;

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

/** Binds a TCP socket and holds it.  @returns its descriptor. */
export function bindStream(address: string, port: number): number {
  const stream = new BoundSocket({ host: address, port });
  held.push(stream);
  return stream.fd();
}

/** Takes lines from whoever connects to a Unix socket at `path`; a line too long ends its connection. */
export function receiveLines(path: string, listener: (line: string) => void): void {
  const server = createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) listener(line);
      if (rest.length > longestLine) socket.destroy();
    });
  });
  server.maxConnections = 4;
  server.listen({ path, writableAll: true });
  held.push(server);
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
