// Where everything of the fake internet lives: one host part per service, the same in both families.
const hostParts = {
  router: 1,
  github: 20,
  anthropic: 30,
  registry: 40,
  dns: 53,
  canary: 66,
  allowed: 77,
  receiver: 88,
} as const;

export type Service = keyof typeof hostParts;

/** The addresses of one service; `v6` is there only in a network that has IPv6. */
export interface Address {
  v4: string;
  v6?: string;
}

export type AddressPlan = Record<Service, Address>;

/**
 * @param subnet4 half an IPv4 /24, as `198.51.100.0/25` or `198.51.100.128/25`
 * @param subnet6 an IPv6 /64 that ends in `::`, as `2001:db8:c10::/64`
 * @throws when a subnet has another shape
 */
export function planAddresses(subnet4: string, subnet6?: string): AddressPlan {
  const [prefix4, base4] = parseSubnet4(subnet4);
  const prefix6 = subnet6 === undefined ? undefined : parseSubnet6(subnet6);
  const place = (part: number): Address => ({
    v4: `${prefix4}.${base4 + part}`,
    ...(prefix6 === undefined ? {} : { v6: `${prefix6}${part}` }),
  });
  const entries = Object.entries(hostParts).map(([service, part]) => [service, place(part)]);
  return Object.fromEntries(entries) as AddressPlan;
}

/** Every address of the plan, or of the services named, as a flat list. */
export function listAddresses(
  plan: AddressPlan,
  services: readonly Service[] = Object.keys(plan) as Service[],
): string[] {
  return services.flatMap((service) => {
    const { v4, v6 } = plan[service];
    return v6 === undefined ? [v4] : [v4, v6];
  });
}

function parseSubnet4(subnet: string): [string, number] {
  const match = /^(\d{1,3}(?:\.\d{1,3}){2})\.(0|128)\/25$/.exec(subnet);
  if (!match?.[1])
    throw new Error(`subnet ${subnet}: want an IPv4 /25, so one that ends in .0/25 or .128/25`);
  return [match[1], Number(match[2])];
}

function parseSubnet6(subnet: string): string {
  const match = /^([0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,3}::)\/64$/.exec(subnet);
  if (!match?.[1]) throw new Error(`subnet ${subnet}: want an IPv6 /64 that ends in ::/64`);
  return match[1];
}
