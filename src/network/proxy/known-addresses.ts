import { LRUCache } from 'lru-cache';

const remembered = 3_600_000;
const mostRemembered = 4096;

/** Which names an address was an answer for within the last hour: opaque connections carry no name. */
export interface KnownAddresses {
  learn(name: string, addresses: readonly string[]): void;
  namesOf(address: string): readonly string[];
}

interface Pair {
  readonly name: string;
  readonly address: string;
  readonly until: number;
}

export function makeKnownAddresses(now: () => number): KnownAddresses {
  const byAddress = new Map<string, Set<string>>();
  // Never asked in a way that counts as use, so the order is that of the last answer. A size, for what has a greatest
  // number takes the room for all of them at once.
  const pairs = new LRUCache<string, Pair>({
    maxSize: mostRemembered,
    sizeCalculation: () => 1,
    dispose: ({ name, address }) => {
      const names = byAddress.get(address);
      names?.delete(name);
      if (names?.size === 0) byAddress.delete(address);
    },
  });
  return {
    learn: (name, addresses) => {
      for (const address of addresses) {
        pairs.set(`${name} ${address}`, { name, address, until: now() + remembered });
        byAddress.set(address, (byAddress.get(address) ?? new Set()).add(name));
      }
    },
    namesOf: (address) => {
      const names = [...(byAddress.get(address) ?? [])];
      return names.filter((name) => (pairs.peek(`${name} ${address}`)?.until ?? 0) > now());
    },
  };
}
