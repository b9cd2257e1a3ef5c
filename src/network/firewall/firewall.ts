import type { Host } from '../../host/host.ts';
import type { AddressJudge } from '../../policy/address-class.ts';
import type { Allowlist } from '../../policy/allowlist.ts';
import type { Backend } from '../../state/environment.ts';
import { pinLifetimeOf } from '../protocol.ts';
import { applyProxied } from './apply.ts';
import { type KernelReport, makeKernelPins } from './pins/kernel-pins.ts';
import { PinTable } from './pins/pins.ts';
import { proxiedPorts } from './plan.ts';

/** A request from the egress process: open the firewall for this name's addresses. TTL in seconds. */
export interface PinRequest {
  readonly name: string;
  /** Null for every port that the name's rules open. */
  readonly port: number | null;
  readonly addresses: readonly string[];
  readonly ttl: number;
  /** The name is one of the box's own. */
  readonly own?: boolean;
}

/** A name of the box's own, and the one port it is reached on. */
export interface OutboundOpening {
  readonly name: string;
  readonly port: number;
  /** The operator has chosen it, wherever it is: it is closed only where nothing is opened. */
  readonly anywhere?: true;
}

export interface Firewall {
  /** Resolves once the kernel has the addresses; rejects when the request is not one the rules allow. */
  pin(request: PinRequest): Promise<void>;
  /** Drops pins whose time is over. */
  expire(): Promise<void>;
  /** Another list is in force: redirects its ports and closes what only the old one opened. Rejects: nothing changed. */
  setRules(allowlist: Allowlist): Promise<void>;
  /** @returns a name that is pinned at this address on any port, or null. */
  nameAt(address: string): string | null;
  readonly size: number;
}

export interface FirewallParts {
  readonly host: Host;
  readonly allowlist: Allowlist;
  /** Where the box itself may send: never a part of the agent's list. */
  readonly own: readonly OutboundOpening[];
  readonly mayDial: AddressJudge;
  /** For what the operator has named, wherever it is; without it nothing is. */
  readonly mayOpen?: AddressJudge;
  /** By the name of a neighbour; without it none is reached. */
  readonly mayReach?: (name: string) => AddressJudge;
  readonly backend: Backend;
  readonly dialler: number;
  /** The agent dials pinned addresses itself: answers live on in its caches, so pins live as long as they may. */
  readonly byAddress: boolean;
  /** Hears after every change of the kernel's rules, and of every failure to change them. */
  readonly changed: (report: KernelReport) => void;
}

/**
 * Keeps the firewall's pinned addresses. It believes nothing the egress process says: name, port and class of every address
 * are judged again here. Requests that come while the kernel is being told go together in the next round.
 */
export function makeFirewall(parts: FirewallParts): Firewall {
  const { host } = parts;
  const pins = new PinTable();
  const kernel = makeKernelPins(parts, pins);
  let { allowlist } = parts;
  let ports = proxiedPorts(allowlist.rules);
  return {
    pin: async (request) => {
      const ports = portsFor(parts, allowlist, request);
      const lifetime = lifetimeOf(request.ttl, parts.byAddress);
      const fresh = pins.add({ ...request, name: nameToTell(request), ports, lifetime }, host.uptime());
      if (fresh.length > 0) return kernel.tell({ add: fresh, remove: [] });
      return kernel.confirm(request.addresses.flatMap((address) => ports.map((port) => ({ address, port }))));
    },
    expire: () => kernel.tell({ add: [], remove: pins.expire(host.uptime()) }),
    setRules: async (next) => {
      const wanted = proxiedPorts(next.rules);
      if (!parts.byAddress && wanted.join() !== ports.join()) await applyProxied(host, wanted, parts.backend);
      const before = { allowlist, ports };
      allowlist = next;
      ports = wanted;
      const mayStand = (name: string, port: number) => next.rulesFor(name).some((rule) => rule.port === port);
      const gone = pins.retain(mayStand);
      if (gone.length === 0) return;
      try {
        await kernel.tell({ add: [], remove: gone });
      } catch (error) {
        ({ allowlist, ports } = before);
        if (!parts.byAddress) await applyProxied(host, ports, parts.backend).catch(() => {});
        throw error;
      }
    },
    nameAt: (address) => pins.nameAt(address),
    get size() {
      return pins.size;
    },
  };
}

/** Null for the box's own: a refusal at the address names nobody. */
export function nameToTell({ own, name }: PinRequest): string | null {
  return own === true ? null : name;
}

function lifetimeOf(ttl: number, byAddress: boolean): number {
  return pinLifetimeOf(byAddress ? Number.POSITIVE_INFINITY : ttl) * 1000;
}

function portsFor(parts: FirewallParts, allowlist: Allowlist, request: PinRequest): number[] {
  const rules = request.own === true ? outboundOpenings(parts, request) : allowlist.rulesFor(request.name);
  if (rules.length === 0) throw new Error('a pin was asked for a name that is not allowed');
  const isNeighbour =
    request.own !== true && allowlist.rulesFor(request.name).some(({ neighbour }) => neighbour);
  const isAnywhere = rules.some((rule) => 'anywhere' in rule && rule.anywhere);
  const judges = { neighbour: parts.mayReach?.(request.name), anywhere: parts.mayOpen, other: parts.mayDial };
  const mayDial = judges[isNeighbour ? 'neighbour' : isAnywhere ? 'anywhere' : 'other'];
  const bad = request.addresses.filter((address) => mayDial?.(address) !== true);
  if (bad.length > 0) throw new Error('a pin was asked for an address that may not be dialled');
  const ports = proxiedPorts(rules);
  if (request.port === null) return ports;
  if (!ports.includes(request.port)) throw new Error('a pin was asked for a port that no rule opens');
  return [request.port];
}

/** Where the agent itself dials what is pinned, nothing of the box's own is. */
function outboundOpenings(
  { own, byAddress }: FirewallParts,
  { name }: PinRequest,
): readonly OutboundOpening[] {
  return byAddress ? [] : own.filter((opening) => opening.name === name);
}
