const remembered = 3_600_000;
const mostRemembered = 4096;

/** Which names an address was an answer for within the last hour: opaque connections carry no name. */
export interface KnownAddresses {
  learn(name: string, addresses: readonly string[]): void;
  namesOf(address: string): readonly string[];
}

export function makeKnownAddresses(now: () => number): KnownAddresses {
  const pairs = new Map<string, { name: string; address: string; until: number }>();
  const byAddress = new Map<string, Set<string>>();

  const forget = (key: string) => {
    const pair = pairs.get(key);
    if (pair === undefined) return;
    pairs.delete(key);
    const names = byAddress.get(pair.address);
    names?.delete(pair.name);
    if (names?.size === 0) byAddress.delete(pair.address);
  };
  const learnOne = (name: string, address: string) => {
    const key = `${name} ${address}`;
    // Deleted first, so that the order is that of the last answer and the oldest can give way.
    forget(key);
    const oldest = pairs.size >= mostRemembered ? pairs.keys().next() : null;
    if (oldest !== null && !oldest.done) forget(oldest.value);
    pairs.set(key, { name, address, until: now() + remembered });
    byAddress.set(address, (byAddress.get(address) ?? new Set()).add(name));
  };
  return {
    learn: (name, addresses) => {
      for (const address of addresses) learnOne(name, address);
    },
    namesOf: (address) => {
      const names = [...(byAddress.get(address) ?? [])];
      return names.filter((name) => (pairs.get(`${name} ${address}`)?.until ?? 0) > now());
    },
  };
}
