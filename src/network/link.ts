import type { Range } from './address-class.ts';
import type { Rule } from './allowlist/rule.ts';

/** From init to the egress process. */
export type ToEgress =
  | {
      readonly kind: 'configure';
      readonly rules: readonly Rule[];
      readonly upstreams: readonly string[];
      readonly connected: readonly Range[];
      readonly allowed: readonly Range[];
    }
  | { readonly kind: 'pinned'; readonly id: number; readonly failure: string | null }
  | { readonly kind: 'resolve'; readonly names: readonly string[] };

/** From the egress process to init, which believes none of it without a look of its own. */
export type FromEgress =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'pin';
      readonly id: number;
      readonly name: string;
      readonly addresses: readonly string[];
      readonly ttl: number;
    }
  | { readonly kind: 'denied'; readonly name: string; readonly reason: string; readonly count: number }
  | {
      readonly kind: 'resolved';
      readonly name: string;
      readonly outcome: 'addresses' | 'absent' | 'denied' | 'failed';
    };

/** @returns the message, or null for anything of another shape. */
export function parseFromEgress(value: unknown): FromEgress | null {
  if (typeof value !== 'object' || value === null) return null;
  const message = value as Record<string, unknown>;
  const text = (key: string) => typeof message[key] === 'string' && message[key].length <= 300;
  const count = (key: string) => Number.isSafeInteger(message[key]) && (message[key] as number) >= 0;
  switch (message.kind) {
    case 'ready':
      return { kind: 'ready' };
    case 'pin': {
      const { addresses } = message;
      const strings =
        Array.isArray(addresses) &&
        addresses.length <= 256 &&
        addresses.every((one) => typeof one === 'string');
      return strings && text('name') && count('id') && count('ttl') ? (message as FromEgress) : null;
    }
    case 'denied':
      return text('name') && text('reason') && count('count') ? (message as FromEgress) : null;
    case 'resolved':
      return text('name') && text('outcome') ? (message as FromEgress) : null;
    default:
      return null;
  }
}
