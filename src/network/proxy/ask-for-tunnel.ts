import type { Socket } from 'node:net';
import type { Trouble } from '../../policy/refusal.ts';

const longestHead = 16_384;

type ProxyTrouble = Extract<Trouble, `proxy-${string}`>;

/** Why nothing came of the proxy, in words of ours: what it says itself may hold anything. */
export class ProxyError extends Error {
  readonly trouble: ProxyTrouble;

  constructor(trouble: ProxyTrouble, detail: string) {
    super(detail);
    this.trouble = trouble;
  }
}

export interface TunnelRequest {
  /** A host name in its normal form. */
  readonly name: string;
  readonly port: number;
  /** The whole value of Proxy-Authorization, or null. */
  readonly authorization: string | null;
  /** Milliseconds for the answer. */
  readonly patience: number;
}

/**
 * Asks a proxy for a tunnel (CONNECT, RFC 9110, 9.3.6). Resolves with the socket paused, and all that the server has said
 * already still to be read. Rejects with a ProxyError.
 */
export function askForTunnel(
  socket: Socket,
  { name, port, authorization, patience }: TunnelRequest,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    const done = () => {
      clearTimeout(timer);
      socket.off('data', read).off('close', closed);
    };
    const fail = (trouble: ProxyTrouble, detail: string) => {
      done();
      reject(new ProxyError(trouble, detail));
    };
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) {
        if (head.length > longestHead) fail('proxy-refused', 'its answer is too long');
        return;
      }
      const status = statusOf(head);
      if (status === 407) return fail('proxy-authentication', 'it answered 407');
      if (status === null || status < 200 || status > 299)
        return fail('proxy-refused', status === null ? 'its answer is no HTTP' : `it answered ${status}`);
      done();
      socket.pause();
      if (head.length > end + 4) socket.unshift(head.subarray(end + 4));
      resolve();
    };
    const closed = () => fail('proxy-unreachable', 'it closed the connection');
    const timer = setTimeout(() => fail('proxy-unreachable', `no answer within ${patience} ms`), patience);
    socket.on('error', () => {});
    socket.on('data', read).on('close', closed);
    const account = authorization === null ? '' : `Proxy-Authorization: ${authorization}\r\n`;
    socket.write(`CONNECT ${name}:${port} HTTP/1.1\r\nHost: ${name}:${port}\r\n${account}\r\n`);
  });
}

function statusOf(head: Buffer): number | null {
  const [, digits] = /^HTTP\/1\.[01] ([0-9]{3})[ \r]/.exec(head.toString('latin1', 0, 32)) ?? [];
  return digits === undefined ? null : Number(digits);
}
