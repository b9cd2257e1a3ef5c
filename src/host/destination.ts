import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

/** The system call that Node lacks: see native/destination.c. */
interface DestinationCalls {
  original(descriptor: number): { address: string; port: number } | null;
}

/**
 * Loads the call that tells where a redirected connection was going: an IPv4 address and a port, or null where it
 * was not redirected, or is closed already. Throws where the addon is missing.
 */
export function loadDestinationOf(): (socket: Socket) => { address: string; port: number } | null {
  const calls = createRequire(import.meta.url)('./destination.node') as DestinationCalls;
  return (socket) => {
    const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
    return handle?.fd === undefined ? null : calls.original(handle.fd);
  };
}
