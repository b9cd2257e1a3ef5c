import type { Socket } from 'node:net';

/** Who is connected, and whose request is not whole yet. */
export interface ConnectionPlaces {
  /** Somebody has connected, and has to say what for. */
  enter(socket: Socket): void;
  /** Octets of a request that is not whole are held. */
  hold(socket: Socket, octets: number): void;
  /** The request is whole: from here on it is the box that is slow. */
  serve(socket: Socket): void;
  /** It was answered: the next request may come, or none. */
  release(socket: Socket): void;
}

/**
 * Bounds connections and what they hold of requests. Where there is no room, the one that has taken longest to say
 * something whole makes it: whoever opens many and says nothing shuts out nobody but himself.
 */
export function makeConnectionPlaces(most: { connections: number; octets: number }): ConnectionPlaces {
  /** In the order in which they began to wait; with the octets held of each. */
  const waiting = new Map<Socket, number>();
  const all = new Set<Socket>();
  let held = 0;
  const settle = (socket: Socket) => {
    held -= waiting.get(socket) ?? 0;
    waiting.delete(socket);
  };
  const evict = (socket: Socket) => {
    settle(socket);
    all.delete(socket);
    socket.destroy();
  };
  const evictOldest = (newcomer: Socket, isOne: (octets: number) => boolean = () => true) => {
    for (const [socket, octets] of waiting) if (socket !== newcomer && isOne(octets)) return evict(socket);
    evict(newcomer);
  };
  return {
    enter: (socket) => {
      all.add(socket);
      waiting.set(socket, 0);
      socket.once('close', () => {
        settle(socket);
        all.delete(socket);
      });
      if (all.size > most.connections) evictOldest(socket);
    },
    hold: (socket, octets) => {
      const before = waiting.get(socket);
      if (before === undefined) return;
      waiting.set(socket, before + octets);
      held += octets;
      while (held > most.octets && waiting.has(socket)) evictOldest(socket, (others) => others > 0);
    },
    serve: settle,
    release: (socket) => {
      settle(socket);
      if (all.has(socket)) waiting.set(socket, 0);
    },
  };
}
