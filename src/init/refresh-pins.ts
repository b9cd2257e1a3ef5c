import type { Host } from '../host/host.ts';
import type { Firewall } from '../network/firewall/firewall.ts';
import { makeAllowlist } from '../policy/allowlist.ts';
import { describeModelTrouble, type Unresolved } from '../policy/model-trouble.ts';
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
  /** Where the agent asks its model: without an address of these nothing works. */
  readonly models: readonly string[];
}

/**
 * Resolves every exact name of the allowlist in parallel and pins the answers. A dead name delays nothing: it is
 * pinned whenever it answers.
 * @returns how many names have been heard of, and how many are still out.
 */
export async function refreshPins(parts: RefreshParts): Promise<{ resolved: number; pending: number }> {
  const { host } = parts;
  const allowlist = makeAllowlist(parts.rules);
  const [allowed, others] = splitBy(parts.models, (name) => allowlist.rulesFor(name).length > 0);
  const pending = new Set([...exactNames(parts.rules), ...allowed]);
  const failed = new Set<string>();
  for (const name of others) postModel(parts, name, { why: 'name-not-allowed', address: null });
  const total = pending.size;
  const start = host.uptime();
  let lastHeard = start;
  const post = () => {
    const unresolved = [...failed, ...pending].sort();
    parts.store.post({ firewall: { ...parts.store.state.firewall, lastRefresh: host.now(), unresolved } });
  };
  await parts.firewall.expire().catch(() => {});
  parts.egress.refresh(
    [...pending],
    (name, trouble) => {
      lastHeard = host.uptime();
      if (!pending.delete(name)) return;
      if (trouble !== null) failed.add(name);
      if (allowed.includes(name)) postModel(parts, name, trouble);
      if (pending.size === 0) post();
    },
    allowed,
  );
  while (pending.size > 0 && host.uptime() - start < longest) {
    const heardAny = pending.size < total || host.uptime() - start > 5 * quiet;
    if (heardAny && host.uptime() - lastHeard > quiet) break;
    await host.sleep(5);
  }
  post();
  for (const name of allowed)
    if (pending.has(name)) postModel(parts, name, { why: 'upstream-silent', address: null });
  return { resolved: total - pending.size, pending: pending.size };
}

/** Looks for some of the names without which nothing works, apart from all the others. */
export function refreshModels(parts: Pick<RefreshParts, 'store' | 'egress' | 'models'>): void {
  const { egress, models } = parts;
  if (models.length > 0) egress.refresh(models, (name, trouble) => postModel(parts, name, trouble), models);
}

function postModel({ store }: Pick<RefreshParts, 'store'>, name: string, trouble: Unresolved | null): void {
  const { firewall, resolver } = store.state;
  const { [name]: known, ...others } = firewall.modelTroubles;
  const said = trouble === null ? undefined : describeModelTrouble(name, trouble, resolver.upstreams);
  if (said === known) return;
  store.post({
    firewall: { ...firewall, modelTroubles: said === undefined ? others : { ...others, [name]: said } },
  });
}

function splitBy<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** @returns the names that rules name exactly, each once: those below a wildcard nobody can list. */
export function exactNames(rules: readonly Rule[]): string[] {
  return [...new Set(rules.filter((rule) => !rule.wildcard).map((rule) => rule.name))];
}
