import type { Socket } from 'node:net';

/** Octets a client may still send before it has read our last word. */
const mostHeard = 262_144;

/**
 * Says a last word and closes. What the client still sends is read and dropped for `patience` milliseconds: unread
 * octets would turn the close into a reset, and a reset takes the last word away.
 */
export function closeLingering(socket: Socket, lastWord: Buffer | string, patience: number): void {
  let heard = 0;
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.length;
    if (heard > mostHeard) socket.destroy();
  });
  socket.end(lastWord);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), patience);
  socket.once('close', () => clearTimeout(timer));
}
