/** One open opening: this IPv4 address on this TCP port. */
export interface Pin {
  readonly address: string;
  readonly port: number;
}

/** What is to be pinned: addresses of `name`, null for one of the box's own, on each of the ports, for `lifetime` milliseconds. */
export interface PinEntry {
  readonly name: string | null;
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
  readonly lifetime: number;
}

interface Held extends Pin {
  expires: number;
  /** Why it stands: it goes when none of them is allowed any longer. */
  readonly names: Set<string | null>;
}

const mostPins = 20_000;
/** Names on one shared address beyond this push the oldest out; whoever needs that one asks again. */
const mostNames = 64;

/** The pinned addresses, until when and for whom. Times are milliseconds of one clock. */
export class PinTable {
  readonly #held = new Map<string, Held>();

  /** @returns what is new: the firewall has to be told.  Throws when the table is full, and then changes nothing. */
  add({ name, addresses, ports, lifetime }: PinEntry, now: number): Pin[] {
    const pins = addresses.flatMap((address) => ports.map((port) => ({ address, port })));
    const fresh = new Map(pins.filter((pin) => !this.#held.has(keyOf(pin))).map((pin) => [keyOf(pin), pin]));
    // All or nothing: a pin that stands here and was never told to the firewall would count as open.
    if (this.#held.size + fresh.size > mostPins)
      throw new Error(`more than ${mostPins} addresses are pinned`);
    for (const [key, pin] of fresh) this.#held.set(key, { ...pin, expires: 0, names: new Set() });
    for (const pin of pins) {
      const held = this.#held.get(keyOf(pin));
      if (held === undefined) continue;
      held.expires = Math.max(held.expires, now + lifetime);
      held.names.delete(name);
      const [oldest] = held.names;
      if (held.names.size >= mostNames && oldest !== undefined) held.names.delete(oldest);
      held.names.add(name);
    }
    return [...fresh.values()];
  }

  /** Drops what has expired.  @returns what that was. */
  expire(now: number): Pin[] {
    return this.#drop((held) => held.expires <= now);
  }

  /** Drops the names that may no longer stand on a port, and every pin left without one.  @returns those pins. */
  retain(mayStand: (name: string, port: number) => boolean): Pin[] {
    return this.#drop((held) => {
      for (const name of held.names) if (name !== null && !mayStand(name, held.port)) held.names.delete(name);
      return held.names.size === 0;
    });
  }

  #drop(isOver: (held: Held) => boolean): Pin[] {
    const gone = [...this.#held.values()].filter(isOver);
    for (const pin of gone) this.#held.delete(keyOf(pin));
    return gone.map(({ address, port }) => ({ address, port }));
  }

  list(): Pin[] {
    return [...this.#held.values()].map(({ address, port }) => ({ address, port }));
  }

  /** @returns a name of the agent's list that is pinned at this address on some port, or null. */
  nameAt(address: string): string | null {
    for (const held of this.#held.values()) {
      const name = held.address === address ? [...held.names].findLast((one) => one !== null) : undefined;
      if (name !== undefined) return name;
    }
    return null;
  }

  get size(): number {
    return this.#held.size;
  }
}

/** @returns what tells one pin from another. */
export function keyOf({ address, port }: Pin): string {
  return `${address} ${port}`;
}
