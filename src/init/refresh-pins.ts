import type { Host } from '../host/host.ts';
import type { Firewall } from '../network/firewall/firewall.ts';
import type { Rule } from '../policy/rule.ts';
import type { BoxState } from '../state/box-state.ts';
import type { Egress } from './egress-service.ts';

/** Milliseconds between two refreshes of all pins. */
export const refreshPause = 5 * 60_000;
/** How long nothing may be heard before the names still missing count as late: they are not waited for. */
const quiet = 100;
const longest = 2000;

export interface RefreshParts {
  readonly host: Host;
  readonly store: { readonly state: BoxState; post(change: Partial<BoxState>): void };
  readonly egress: Pick<Egress, 'refresh'>;
  readonly firewall: Firewall;
  readonly rules: readonly Rule[];
}

/**
 * Resolves every exact name of the allowlist in parallel and pins the answers. A dead name delays nothing: it is
 * pinned whenever it answers.
 * @returns how many names have been heard of, and how many are still out.
 */
export async function refreshPins(parts: RefreshParts): Promise<{ resolved: number; pending: number }> {
  const { host } = parts;
  const pending = new Set(exactNames(parts.rules));
  const failed = new Set<string>();
  const total = pending.size;
  const start = host.uptime();
  let lastHeard = start;
  const post = () => {
    const unresolved = [...failed, ...pending].sort();
    parts.store.post({ firewall: { ...parts.store.state.firewall, lastRefresh: host.now(), unresolved } });
  };
  await parts.firewall.expire().catch(() => {});
  parts.egress.refresh([...pending], (name, outcome) => {
    lastHeard = host.uptime();
    if (!pending.delete(name)) return;
    if (outcome !== 'addresses') failed.add(name);
    if (pending.size === 0) post();
  });
  while (pending.size > 0 && host.uptime() - start < longest) {
    const heardAny = pending.size < total || host.uptime() - start > 5 * quiet;
    if (heardAny && host.uptime() - lastHeard > quiet) break;
    await host.sleep(5);
  }
  post();
  return { resolved: total - pending.size, pending: pending.size };
}

/** @returns the names that rules name exactly, each once: those below a wildcard nobody can list. */
export function exactNames(rules: readonly Rule[]): string[] {
  return [...new Set(rules.filter((rule) => !rule.wildcard).map((rule) => rule.name))];
}
