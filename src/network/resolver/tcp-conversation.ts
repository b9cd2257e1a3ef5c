import type { Socket } from 'node:net';
import { Rcode } from '../dns-message.ts';
import { frame, Unframer } from '../framing.ts';
import type { ReplyWith, Resolver } from './resolver-parts.ts';

/** Milliseconds a client may take for its next whole query. */
const idle = 10_000;
/** Queries of one client that may be in work; the rest of them stays in its own socket. */
const mostAtOnce = 32;
/** Octets of answers that a client may leave unread before it is heard again. */
const mostUnread = 65_536;

/**
 * Answers one TCP client, whose queries may be pipelined and split; each is answered as soon as it can be.
 */
export function converse(resolver: Pick<Resolver, 'answer'>, socket: Socket): void {
  const unframer = new Unframer();
  const queries: Buffer[] = [];
  let running = 0;
  let hasEnded = false;
  const timer = setTimeout(() => socket.destroy(), idle);
  socket.on('close', () => clearTimeout(timer));
  socket.on('error', () => socket.destroy());
  socket.on('drain', () => work());
  socket.on('end', () => {
    hasEnded = true;
    work();
  });
  socket.on('data', (chunk: Buffer) => {
    queries.push(...unframer.push(chunk));
    work();
  });

  const work = () => {
    while (running < mostAtOnce && socket.writable && socket.writableLength < mostUnread) {
      const bytes = queries.shift();
      if (bytes === undefined) {
        if (hasEnded && running === 0) socket.end();
        socket.resume();
        return;
      }
      timer.refresh();
      running += 1;
      Promise.resolve()
        .then(() => resolver.answer(bytes, 'stream'))
        .then(reply)
        .catch(() => socket.destroy())
        .finally(() => {
          running -= 1;
          work();
        });
    }
    socket.pause();
  };
  const reply = (answer: ReplyWith) => {
    if (answer === null) socket.destroy();
    else if (!socket.writable) return;
    else if (isFormatError(answer)) socket.end(frame(answer));
    else socket.write(frame(answer));
  };
}

/** A client whose message makes no sense has lost its place in the stream, or means no good. */
function isFormatError(answer: Buffer): boolean {
  return ((answer[3] ?? 0) & 0x0f) === Rcode.formatError;
}
