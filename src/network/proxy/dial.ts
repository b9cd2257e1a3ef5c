import { connect, isIPv4, type OnReadOpts, type Socket } from 'node:net';
import type { Limits } from './proxy-limits.ts';

const mostTried = 8;
const probeAfter = 60_000;

/**
 * Connects to one of these IPv4 addresses: the first at once, the next when one has failed or kept silent for
 * `stagger`. Sockets keep their side open when the peer closes its own. Nothing is read but from the one that is
 * returned, with `onread` where it is given.
 * Rejects with the last failure, or after `dial`, code ETIMEDOUT.
 */
export function dial(
  addresses: readonly string[],
  port: number,
  { onread, ...limits }: Pick<Limits, 'stagger' | 'dial'> & { readonly onread?: OnReadOpts | undefined },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = addresses.filter((address) => isIPv4(address)).slice(0, mostTried);
    const trying = new Set<Socket>();
    let staggered: NodeJS.Timeout | undefined;

    const finish = (winner: Socket | null, error?: Error) => {
      clearTimeout(deadline);
      clearTimeout(staggered);
      for (const socket of trying) if (socket !== winner) socket.destroy();
      trying.clear();
      if (winner !== null) resolve(winner);
      else reject(error);
    };
    const tryNext = () => {
      const host = waiting.shift();
      if (host === undefined) return;
      clearTimeout(staggered);
      if (waiting.length > 0) staggered = setTimeout(tryNext, limits.stagger);
      const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: probeAfter };
      const reading = onread === undefined ? {} : { onread };
      const socket = connect({ host, port, allowHalfOpen: true, ...options, ...reading });
      trying.add(socket);
      const failed = (error: Error) => {
        if (!trying.delete(socket)) return;
        if (waiting.length > 0) tryNext();
        else if (trying.size === 0) finish(null, error);
      };
      socket.on('error', failed);
      socket.once('connect', () => finish(socket));
    };
    const deadline = setTimeout(() => {
      const silent = new Error(`no address answered within ${limits.dial} ms`);
      finish(null, Object.assign(silent, { code: 'ETIMEDOUT' }));
    }, limits.dial);
    if (waiting.length === 0) finish(null, new Error('there is no IPv4 address to dial'));
    else tryNext();
  });
}
