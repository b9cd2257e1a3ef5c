import { isIPv4 } from 'node:net';
import type { Unresolved } from '../policy/model-trouble.ts';
import type { NeighbourFacts } from '../policy/neighbour.ts';
import type { NotificationWord } from '../policy/notification.ts';
import type { OutboundTargets } from '../policy/outbound-target.ts';
import type { Range } from '../policy/range.ts';
import {
  type Failure,
  parseFailure,
  parseRefusal,
  type Refusal,
  reasonTexts,
  troubleTexts,
} from '../policy/refusal.ts';
import type { Denial, Rule } from '../policy/rule.ts';
import type { UpstreamProxy } from '../policy/upstream-proxy.ts';

/** From init to the egress process. Every question carries an id, and so does every answer to it. */
export type ToEgress =
  | {
      readonly kind: 'configure';
      readonly rules: readonly Rule[];
      readonly denied: readonly Denial[];
      readonly upstreams: readonly string[];
      readonly connected: readonly Range[];
      readonly local: readonly Range[];
      readonly allowed: readonly Range[];
      readonly neighbours: NeighbourFacts;
      /** The operator's proxy, which everything goes through; null where nothing does. */
      readonly proxy: UpstreamProxy | null;
      /** True where the agent dials pinned addresses itself, because the kernel can't redirect it to the proxy. */
      readonly byAddress: boolean;
      /** What the box itself sends; null where it sends nothing. */
      readonly own: OutboundTargets | null;
    }
  /** The list has changed: what the old one let in is reconsidered. */
  | { readonly kind: 'rules'; readonly rules: readonly Rule[]; readonly denied: readonly Denial[] }
  | { readonly kind: 'pinned'; readonly id: number; readonly failure: string | null }
  /** `probed` are those of the names that the operator's proxy is to be tried with, where it resolves them. */
  | {
      readonly kind: 'resolve';
      readonly id: number;
      readonly names: readonly string[];
      readonly probed: readonly string[];
    }
  | { readonly kind: 'tell'; readonly word: NotificationWord }
  /** Whether it answers. A packet that the firewall refuses goes with it, by which the firewall's reader is asked as well. */
  | { readonly kind: 'ask'; readonly id: number }
  /** Everything that is to be told shall be tried once more: the box stops. */
  | { readonly kind: 'flush'; readonly id: number };

/** What happened since the last report, told once with its count; `more` counts what was too much to list. */
export interface Report {
  readonly kind: 'report';
  readonly refusals: readonly (Refusal & { readonly count: number })[];
  readonly failures: readonly (Failure & { readonly count: number })[];
  readonly more: { readonly refusals: number; readonly failures: number };
}

/** From the egress process to init, which believes none of it without a look of its own. */
export type FromEgress =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'pin';
      readonly id: number;
      readonly name: string;
      /** Null for every port that the name's rules open. */
      readonly port: number | null;
      readonly addresses: readonly string[];
      readonly ttl: number;
      /** The name is one of the box's own. */
      readonly own?: boolean;
    }
  | Report
  | { readonly kind: 'flushed'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number }
  /** What the box sends itself does not arrive. The reason is a word of ours, or a status. */
  | { readonly kind: 'troubled'; readonly what: 'notify' | 'telemetry'; readonly reason: string }
  | {
      readonly kind: 'resolved';
      readonly id: number;
      readonly name: string;
      /** Null where it has addresses that may be dialled. */
      readonly trouble: Unresolved | null;
    };

/** @returns seconds that a pin lives for an answer with this TTL: both sides count on it. */
export function pinLifetimeOf(ttl: number): number {
  return Math.min(Math.max(ttl, 60), 3600);
}

export const mostReported = 200;

/** @returns the message, or null for anything of another shape. */
export function parseFromEgress(value: unknown): FromEgress | null {
  if (typeof value !== 'object' || value === null) return null;
  const message = value as Record<string, unknown>;
  switch (message.kind) {
    case 'ready':
      return { kind: message.kind };
    case 'flushed':
    case 'answer':
      return isCount(message.id) ? (message as FromEgress) : null;
    case 'troubled':
      return isTrouble(message) ? (message as FromEgress) : null;
    case 'pin':
      return isPin(message) ? (message as FromEgress) : null;
    case 'report':
      return parseReport(message);
    case 'resolved':
      return isCount(message.id) && isText(message.name) ? parseResolved(message) : null;
    default:
      return null;
  }
}

/** What is no reason of ours is none that could be told. */
function parseResolved(message: Record<string, unknown>): FromEgress | null {
  const { trouble } = message;
  if (trouble === null) return message as FromEgress;
  const { why, address } = (trouble ?? {}) as Record<string, unknown>;
  const isReason =
    typeof why === 'string' && (Object.hasOwn(reasonTexts, why) || Object.hasOwn(troubleTexts, why));
  return isReason && (address === null || (typeof address === 'string' && isIPv4(address)))
    ? (message as FromEgress)
    : null;
}

function isTrouble({ what, reason }: Record<string, unknown>): boolean {
  return (what === 'notify' || what === 'telemetry') && /^[a-z]{1,16}(-[a-z0-9]{1,8})?$/.test(String(reason));
}

function isPin({ addresses, name, id, ttl, port, own }: Record<string, unknown>): boolean {
  const strings =
    Array.isArray(addresses) && addresses.length <= 256 && addresses.every((one) => typeof one === 'string');
  return (
    strings &&
    (own === undefined || typeof own === 'boolean') &&
    isText(name) &&
    isCount(id) &&
    isCount(ttl) &&
    (port === null || isCount(port))
  );
}

function parseReport(message: Record<string, unknown>): Report | null {
  const { refusals, failures } = message;
  const more = message.more as Partial<Report['more']> | null | undefined;
  if (!Array.isArray(refusals) || !Array.isArray(failures)) return null;
  if (!isCount(more?.refusals) || !isCount(more?.failures)) return null;
  return {
    kind: 'report',
    refusals: counted(refusals, parseRefusal),
    failures: counted(failures, parseFailure),
    more: { refusals: more?.refusals ?? 0, failures: more?.failures ?? 0 },
  };
}

function counted<Item>(list: readonly unknown[], parse: (value: unknown) => Item | null) {
  return list.slice(0, mostReported).flatMap((entry) => {
    const item = parse(entry);
    const count = (entry as { count?: unknown } | null)?.count;
    return item === null || !isCount(count) ? [] : [{ ...item, count: count as number }];
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 300;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
