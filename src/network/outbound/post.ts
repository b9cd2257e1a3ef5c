import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import type { Target } from '../../policy/outbound-target.ts';
import type { PinWish } from '../pin-leases.ts';
import { dial } from '../proxy/dial.ts';
import { connectionLimits } from '../proxy/proxy-limits.ts';
import type { ProxyWay } from '../proxy/proxy-way.ts';
import type { Names } from '../resolver/names.ts';

/** Milliseconds for everything behind the dialling. */
const patience = 15_000;

/** Why nothing arrived: fixed words, for what a stranger's server says may hold anything. */
export type PostTrouble = 'unresolved' | 'not-pinned' | 'unreachable' | 'untrusted' | 'broken' | 'silent';

export class PostError extends Error {
  readonly reason: PostTrouble;

  constructor(reason: PostTrouble, cause: unknown) {
    super(`nothing could be posted: ${reason}`, { cause });
    this.reason = reason;
  }
}

export interface PostParts {
  /** Of the box's own names alone. */
  readonly names: Pick<Names, 'find'>;
  readonly pin: (wish: PinWish) => Promise<void>;
  /** Through the operator's proxy, where there is one. */
  readonly way?: ProxyWay | null;
  /** @returns the PEM text of the authorities to trust. */
  readonly authorities: () => string;
}

export interface Parcel {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Posts once, and follows no redirection.  @returns the status alone.  Rejects with a PostError. */
export type Post = (target: Target, parcel: Parcel) => Promise<number>;

export function makePost(parts: PostParts): Post {
  let trust: SecureContext | null = null;
  return async (target, parcel) => {
    const socket = await reach(parts, target);
    // Read at the first need: the file is written after this program has started.
    if (target.secure) trust ??= createSecureContext({ ca: parts.authorities() });
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), patience);
    over.signal.addEventListener('abort', () => socket.destroy(new Error('it took too long')));
    try {
      const stream = trust !== null && target.secure ? await secure(socket, target, trust) : socket;
      return await exchange(stream, target, parcel);
    } catch (error) {
      throw over.signal.aborted ? new PostError('silent', error) : error;
    } finally {
      clearTimeout(timer);
      socket.destroy();
    }
  };
}

async function reach({ names, pin, way }: PostParts, { name, port }: Target): Promise<Socket> {
  if (way?.covers(name))
    return way.tunnel({ name, port }).catch((error) => {
      throw new PostError('unreachable', error);
    });
  const { resolution } = await names.find(name, { fresh: false });
  if (resolution.kind !== 'addresses' || resolution.addresses.length === 0)
    throw new PostError('unresolved', resolution.kind);
  const { addresses, ttl } = resolution;
  await pin({ name, port, addresses, ttl, own: true }).catch((error) => {
    throw new PostError('not-pinned', error);
  });
  return dial(addresses, port, connectionLimits).catch((error) => {
    throw new PostError('unreachable', error);
  });
}

function secure(socket: Socket, { name }: Target, secureContext: SecureContext): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const stream = connect({ socket, servername: name, secureContext, ALPNProtocols: ['http/1.1'] });
    stream.once('secureConnect', () => resolve(stream));
    stream.on('error', (error) => reject(new PostError('untrusted', error)));
    stream.once('close', () => reject(new PostError('untrusted', 'it was closed')));
  });
}

function exchange(stream: Socket, target: Target, { path, headers, body }: Parcel): Promise<number> {
  const octets = Buffer.from(body as string);
  const { name, port, secure } = target;
  const host = port === (secure ? 443 : 80) ? name : `${name}:${port}`;
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new PostError('broken', error));
    const sent: ClientRequest = httpRequest({
      method: 'POST',
      path,
      headers: { ...headers, host, 'user-agent': 'cloister', 'content-length': octets.length },
      createConnection: () => stream,
      maxHeaderSize: 16_384,
    });
    sent.on('error', fail);
    stream.once('close', () => fail(new Error('it was closed')));
    sent.on('response', (response) => {
      response.on('error', () => {});
      resolve(responseStatus(response));
    });
    sent.end(octets);
  });
}

/** Its words are nobody's business: the status says what there is to know. */
export function responseStatus(response: IncomingMessage): number | Promise<number> {
  response.destroy();
  return response.statusCode ?? 0;
}
