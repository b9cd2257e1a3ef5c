/** One open door: this IPv4 address on this TCP port. */
export interface Pin {
  readonly address: string;
  readonly port: number;
}

/** Seconds a pin outlives the answer that made it: connections last longer than answers do. */
const grace = 3600;
const mostPins = 20_000;

/** The pinned addresses and until when. Times are milliseconds of one clock. */
export class PinTable {
  readonly #expires = new Map<string, number>();

  /** @returns whether the wall has to be told: something new was pinned. */
  add(addresses: readonly string[], ports: readonly number[], ttl: number, now: number): boolean {
    let changed = false;
    for (const address of addresses) {
      for (const port of ports) {
        const key = `${address} ${port}`;
        if (!this.#expires.has(key)) {
          if (this.#expires.size >= mostPins) throw new Error(`more than ${mostPins} addresses are pinned`);
          changed = true;
        }
        this.#expires.set(key, now + (ttl + grace) * 1000);
      }
    }
    return changed;
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
