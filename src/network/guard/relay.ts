import type { Socket } from 'node:net';

/**
 * Copies both ways with back-pressure until both sides have closed theirs. One side may close first and still
 * listen. An error on one side, or `idle` milliseconds without an octet, resets the other.
 */
export function relay(client: Socket, server: Socket, idle: number): void {
  bindFates(client, server);
  bindFates(server, client);
  // Every octet of either direction passes this socket, so its clock alone will do.
  client.setTimeout(idle, () => client.resetAndDestroy());
  client.pipe(server);
  server.pipe(client);
}

function bindFates(one: Socket, other: Socket): void {
  one.on('error', () => other.resetAndDestroy());
  one.on('close', () => {
    if (!(one.readableEnded && one.writableFinished)) other.resetAndDestroy();
  });
}
