/** One open door: this IPv4 address on this TCP port. */
export interface Pin {
  readonly address: string;
  readonly port: number;
}

/** Seconds a pin outlives the answer that made it: connections last longer than answers do. */
const grace = 3600;
/** Seconds: the resolver asks for less, but what it asks for is not believed. */
const longestTtl = 300;
const mostPins = 20_000;

/** The pinned addresses and until when. Times are milliseconds of one clock. */
export class PinTable {
  readonly #expires = new Map<string, number>();

  /** @returns whether the wall has to be told: something new was pinned. */
  add(addresses: readonly string[], ports: readonly number[], ttl: number, now: number): boolean {
    const keys = addresses.flatMap((address) => ports.map((port) => `${address} ${port}`));
    const fresh = new Set(keys.filter((key) => !this.#expires.has(key)));
    // All or nothing: a pin that stands here and was never told to the wall would count as open.
    if (this.#expires.size + fresh.size > mostPins)
      throw new Error(`more than ${mostPins} addresses are pinned`);
    const lifetime = (Math.min(ttl, longestTtl) + grace) * 1000;
    for (const key of keys) this.#expires.set(key, now + lifetime);
    return fresh.size > 0;
  }

  /** Drops what has expired.  @returns whether anything had. */
  expire(now: number): boolean {
    let changed = false;
    for (const [key, expires] of this.#expires) {
      if (expires <= now) changed = this.#expires.delete(key) || changed;
    }
    return changed;
  }

  list(): Pin[] {
    return [...this.#expires.keys()].map((key) => {
      const [address = '', port = ''] = key.split(' ');
      return { address, port: Number(port) };
    });
  }

  get size(): number {
    return this.#expires.size;
  }
}
