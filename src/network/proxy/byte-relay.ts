import type { OnReadOpts, Socket } from 'node:net';
import { makeReadBuffer } from './read-buffer.ts';

/**
 * Copies both ways with back-pressure until both sides have closed theirs. One side may close first and still
 * listen. An error on one side, or `idle` milliseconds without an octet, resets the other.
 */
export interface Relay {
  /** The server's socket has to be made with this: what it reads is written on from the very buffer it came in. */
  readonly onread: OnReadOpts;
  /**
   * Begins to copy. The server's socket may be connected already, but must not have been read; one that was (`piped`) is
   * read as a stream.
   */
  start(server: Socket, options?: { readonly piped?: true }): void;
}

export function makeRelay(client: Socket, idle: number): Relay {
  const buffer = makeReadBuffer();
  let server: Socket | null = null;
  let held = false;
  // The buffer is free again when the kernel has all of it.
  const written = () => {
    if (!held || client.writableLength > 0) return;
    held = false;
    server?.resume();
  };
  return {
    onread: {
      buffer: () => buffer.next(),
      callback: (length, bytes) => {
        client.write(bytes.subarray(0, length), written);
        buffer.filled(length);
        held = client.writableLength > 0;
        return !held;
      },
    },
    start: (connected, { piped } = {}) => {
      server = connected;
      bindFates(client, server);
      bindFates(server, client);
      // Every octet of either direction passes this socket, so its clock alone will do.
      client.setTimeout(idle, () => client.resetAndDestroy());
      server.on('end', () => client.end());
      server.once('close', buffer.release);
      client.pipe(server);
      if (piped) server.pipe(client, { end: false });
    },
  };
}

function bindFates(one: Socket, other: Socket): void {
  one.on('error', () => other.resetAndDestroy());
  one.on('close', () => {
    if (!(one.readableEnded && one.writableFinished)) other.resetAndDestroy();
  });
}
