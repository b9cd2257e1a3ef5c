import { table } from '../render.ts';
import type { Pin } from './pins.ts';

/** The bit of a packet's mark that stands for «pinned». Marks are set by who has NET_ADMIN: here by the set alone. */
const pinned = '0x10000';

/** Renders the chain of pinned addresses, one rule each, for a kernel without sets. */
export function renderPinChain(pins: readonly Pin[]): string {
  return chain(
    pins.map(
      ({ address, port }) => `-A CLOISTER-PINS -d ${address}/32 -p tcp -m tcp --dport ${port} -j ACCEPT`,
    ),
  );
}

/** Renders the same chain where a set knows the addresses: it has marked the packet before the firewall judges it. */
export function renderPinnedBySet(): string {
  return chain([`-A CLOISTER-PINS -p tcp -m mark --mark ${pinned}/${pinned} -j ACCEPT`]);
}

function chain(rules: readonly string[]): string {
  return [...table('filter', ['CLOISTER-PINS'], rules, []), ''].join('\n');
}

/**
 * Renders the set of pinned pairs, for nft(8): one look-up however many there are. It only marks what `dialler` sends
 * to a pinned pair; without it, or with it empty, the firewall stays closed.
 */
export function renderPinSet(dialler: number, pins: readonly Pin[]): string {
  return [
    'add table ip cloister',
    'delete table ip cloister',
    'table ip cloister {',
    '  set pins { type ipv4_addr . inet_service; }',
    '  chain known {',
    '    type filter hook output priority filter - 10; policy accept;',
    `    meta skuid ${dialler} ip daddr . tcp dport @pins meta mark set meta mark | ${pinned}`,
    '  }',
    '}',
    ...elements('add', pins),
    '',
  ].join('\n');
}

/** Renders what changes in the set: one transaction. */
export function renderPinChange(change: { add: readonly Pin[]; remove: readonly Pin[] }): string {
  return [...elements('delete', change.remove), ...elements('add', change.add), ''].join('\n');
}

function elements(verb: 'add' | 'delete', pins: readonly Pin[]): string[] {
  const pairs = pins.map(({ address, port }) => `${address} . ${port}`).join(', ');
  return pins.length === 0 ? [] : [`${verb} element ip cloister pins { ${pairs} }`];
}
