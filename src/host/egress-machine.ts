import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { knockAddress, knockPort } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import { loadDestinationOf } from './destination.ts';
import { compactMemory, compactWhenQuiet } from './memory.ts';
import { uptime } from './uptime.ts';

/** What the egress process has of its machine; the descriptors are of the sockets init hands to it, in their order. */
export function egressMachine() {
  compactWhenQuiet();
  return {
    descriptors: { udp: 3, tcp: 4, proxy: 5, ingest: 6 },
    destinationOf: loadDestinationOf(),
    now: uptime,
    compactMemory,
    knock,
    authorities: () => readFileSync(Paths.certificates, 'utf8'),
  };
}

/** The firewall refuses it, and the kernel may say so: nobody waits for that. */
function knock(): void {
  const socket = createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) });
  const close = () =>
    socket
      .removeAllListeners()
      .on('error', () => {})
      .close();
  socket.on('error', close);
  socket.send('?', knockPort, knockAddress, close);
}
