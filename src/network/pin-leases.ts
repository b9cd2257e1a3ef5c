import { type FromEgress, pinLifetimeOf } from './protocol.ts';
import type { Opening } from './proxy/proxy-parts.ts';

/** Milliseconds between two sweeps through what has run out. */
const sweepPause = 60_000;

export interface LeaseParts {
  readonly send: (message: Extract<FromEgress, { kind: 'pin' }>) => void;
  readonly now: () => number;
}

/** What the firewall is asked for: like a opening, but null stands for every port that the name's rules open. */
export type PinWish = Omit<Opening, 'port'> & {
  readonly port: number | null;
  /** For a name of the box's own, on the list that is not the agent's. */
  readonly own?: true;
};

export interface Leases {
  /** Resolves once init has opened the firewall; at once where it is known to be open for long enough. */
  pin(wish: PinWish): Promise<void>;
  /** Hears init's answer. */
  settle(id: number, failure: string | null): void;
  /** The list has changed: nothing counts as open any more. */
  forget(): void;
}

/** Remembers what init has pinned, so that only a new address costs a question, and an old one is renewed in time. */
export function makeLeases({ send, now }: LeaseParts): Leases {
  const waiting = new Map<number, (failure: string | null) => void>();
  const asking = new Map<string, Promise<void>>();
  const renewAt = new Map<string, number>();
  let last = 0;
  let sweptAt = now();

  const ask = (wish: PinWish) =>
    new Promise<void>((resolve, reject) => {
      last += 1;
      waiting.set(last, (failure) => (failure === null ? resolve() : reject(new Error(failure))));
      const { name, port, addresses, ttl, own } = wish;
      send({ kind: 'pin', id: last, name, port, addresses, ttl, ...(own === true ? { own } : {}) });
    });
  const sweep = () => {
    if (now() - sweptAt < sweepPause) return;
    sweptAt = now();
    for (const [key, time] of renewAt) if (time <= sweptAt) renewAt.delete(key);
  };
  return {
    pin: (wish) => {
      const keys = wish.addresses.map((address) => `${wish.name} ${address} ${wish.port}`);
      if (keys.every((key) => (renewAt.get(key) ?? 0) > now())) return Promise.resolve();
      sweep();
      const question = keys.join();
      const folded = asking.get(question);
      if (folded !== undefined) return folded;
      const asked = ask(wish)
        .then(() => {
          // Half of its time is over before it is renewed: a pin in use never runs out.
          const time = now() + (pinLifetimeOf(wish.ttl) * 1000) / 2;
          for (const key of keys) renewAt.set(key, time);
        })
        .finally(() => asking.delete(question));
      asking.set(question, asked);
      return asked;
    },
    settle: (id, failure) => {
      waiting.get(id)?.(failure);
      waiting.delete(id);
    },
    forget: () => renewAt.clear(),
  };
}
