import { chainOf } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { AddressJudge } from '../address-class.ts';
import type { Allowlist } from '../allowlist/allowlist.ts';
import { applyPins, type Backend } from './apply.ts';
import { PinTable } from './pins.ts';

/** A request from the unprivileged resolver: open the wall for this name's addresses. TTL in seconds. */
export interface PinRequest {
  readonly name: string;
  /** Null for every port that the name's rules open. */
  readonly port: number | null;
  readonly addresses: readonly string[];
  readonly ttl: number;
}

export interface Firewall {
  /** Resolves once the kernel has the addresses; rejects when the request is not one the rules allow. */
  pin(request: PinRequest): Promise<void>;
  /** Drops pins whose time is over. */
  expire(): Promise<void>;
  readonly size: number;
}

export interface FirewallParts {
  readonly host: Host;
  readonly allowlist: Allowlist;
  readonly mayDial: AddressJudge;
  readonly backend: Backend;
  /** Hears after every change of the kernel's rules, and of every failure to change them. */
  readonly changed: (report: { pins: number; failure: string | null }) => void;
}

/**
 * Keeps the wall's pinned addresses. It believes nothing the resolver says: name, port and class of every address
 * are judged again here. Requests that come while the kernel is being told go together in the next round.
 */
export function makeFirewall(parts: FirewallParts): Firewall {
  const pins = new PinTable();
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;
  /** The kernel has not got what the table holds: the last attempt failed, so the next request tries again. */
  let behind = false;

  const apply = async () => {
    try {
      behind = true;
      await applyPins(parts.host, pins.list(), parts.backend);
      behind = false;
      parts.changed({ pins: pins.size, failure: null });
    } catch (error) {
      parts.changed({ pins: pins.size, failure: chainOf(error) });
      throw error;
    }
  };
  const schedule = (): Promise<void> => {
    if (running === null) {
      running = apply().finally(() => {
        running = null;
      });
      return running;
    }
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = null;
        return schedule();
      });
    return queued;
  };
  return {
    pin: async (request) => {
      const ports = portsFor(parts, request);
      const isNew = pins.add(request.addresses, ports, request.ttl, parts.host.now());
      if (isNew) await schedule();
      else if (running !== null) await (queued ?? running);
      else if (behind) await schedule();
    },
    expire: async () => {
      if (pins.expire(parts.host.now()) || behind) await schedule();
    },
    get size() {
      return pins.size;
    },
  };
}

function portsFor(parts: FirewallParts, request: PinRequest): number[] {
  const rules = parts.allowlist.rulesFor(request.name);
  if (rules.length === 0) throw new Error('a pin was asked for a name that is not allowed');
  const bad = request.addresses.filter((address) => !parts.mayDial(address));
  if (bad.length > 0) throw new Error('a pin was asked for an address that may not be dialled');
  const ports = [...new Set(rules.map((rule) => rule.port))];
  if (request.port === null) return ports;
  if (!ports.includes(request.port)) throw new Error('a pin was asked for a port that no rule opens');
  return [request.port];
}
