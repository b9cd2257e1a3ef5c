import { readFileSync } from 'node:fs';
import { Paths } from '../core/paths.ts';
import { loadDestinationOf } from './destination.ts';
import { compactMemory, compactWhenQuiet } from './memory.ts';
import { uptime } from './uptime.ts';

/** What the egress process has of its machine; the descriptors are of the sockets init hands to it, in their order. */
export function egressMachine() {
  compactWhenQuiet();
  return {
    descriptors: { udp: 3, tcp: 4, guard: 5, door: 6 },
    destinationOf: loadDestinationOf(),
    now: uptime,
    compactMemory,
    authorities: () => readFileSync(Paths.certificates, 'utf8'),
  };
}
