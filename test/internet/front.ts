// One listener per TCP port for every address there is: the address a connection was sent to decides
// who serves it. The wildcard is what lets the canary see addresses nobody has listed.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { plainAddress } from './canary.ts';

export type Serve = (socket: Socket) => void;

export interface FrontOptions {
  ports: readonly number[];
  /** By `address port`. */
  services: ReadonlyMap<string, Serve>;
  /** Everything else. */
  otherwise: Serve;
}

export async function startFront({ ports, services, otherwise }: FrontOptions): Promise<void> {
  for (const port of ports) {
    const server = createServer((socket) => {
      const serve = services.get(`${plainAddress(socket.localAddress)} ${port}`) ?? otherwise;
      serve(socket);
    });
    server.listen({ port, backlog: 1024 });
    await once(server, 'listening');
  }
}
