import { createServer } from 'node:net';
import type { OpenDatagrams } from '../../host/datagrams.ts';
import type { Resolver } from './resolver-parts.ts';
import { converse } from './tcp-conversation.ts';

const mostClients = 256;

/** Descriptors of a UDP and of a TCP socket that somebody else bound, and what reads the first. */
export interface Sockets {
  readonly descriptors: { readonly udp: number; readonly tcp: number };
  readonly openDatagrams: OpenDatagrams;
}

/** Serves the resolver on both. */
export async function serve(resolver: Resolver, { descriptors, openDatagrams }: Sockets): Promise<void> {
  serveDatagrams(resolver, descriptors.udp, openDatagrams);
  const streams = createServer({ allowHalfOpen: true }, (socket) => converse(resolver, socket));
  streams.maxConnections = mostClients;
  await new Promise<void>((done) => streams.listen({ fd: descriptors.tcp }, done));
}

function serveDatagrams(resolver: Resolver, descriptor: number, open: OpenDatagrams): void {
  const { slots, lengths, sender, send } = open(descriptor, (count) => {
    for (let slot = 0; slot < count; slot++) lengths[slot] = answer(slot);
  });
  /** @returns octets of the answer that now stands in the slot; 0 for none, or for one that is sent later. */
  const answer = (slot: number): number => {
    const octets = slots[slot] as Buffer;
    const length = lengths[slot] ?? 0;
    try {
      const known = resolver.answerInPlace(octets, length);
      if (known > 0) return known;
      // A copy, for a look-up outlives the batch.
      const found = resolver.answer(Buffer.from(octets.subarray(0, length)), 'datagram');
      if (!(found instanceof Promise)) return put(found, octets);
      const to = sender(slot);
      found.then((late) => late !== null && send(late, to)).catch(noAnswer);
      return 0;
    } catch {
      return noAnswer();
    }
  };
}

function put(answer: Buffer | null, octets: Buffer): number {
  return answer === null || answer.length > octets.length ? 0 : answer.copy(octets);
}

/** A query that can be read but not answered gets silence: it must not take the resolver down with it. */
function noAnswer(): number {
  return 0;
}
