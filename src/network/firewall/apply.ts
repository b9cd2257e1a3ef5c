import { BootError } from '../../core/errors.ts';
import { ExitCode } from '../../core/exit-codes.ts';
import { assertAnswered } from '../../host/command-error.ts';
import type { Host } from '../../host/host.ts';
import type { Backend } from '../../state/environment.ts';
import { type FirewallPlan, parseStanding, type StandingRules } from './plan.ts';
import { renderFirewall4, renderProxied } from './render.ts';
import { renderFirewall6 } from './render6.ts';

/** @returns the first backend that works here. */
export async function probeBackend(host: Host): Promise<Backend> {
  let cause: unknown;
  for (const backend of ['nft', 'legacy'] as const) {
    try {
      await host.run({ argv: [`/usr/sbin/iptables-${backend}`, '-w', '-n', '-L', 'OUTPUT'], timeout: 5000 });
      return backend;
    } catch (error) {
      assertAnswered(error);
      cause ??= error;
    }
  }
  throw new BootError({
    message: 'iptables works neither over nftables nor in its old form',
    remedy: 'Run on a kernel with nf_tables, and with --cap-add NET_ADMIN.',
    code: ExitCode.platform,
    cause,
  });
}

export interface AppliedFirewall {
  readonly rules: number;
  /** The kernel can't redirect: the agent dials pinned addresses itself, and nobody checks the name. */
  readonly byAddress: boolean;
}

/**
 * Puts the whole firewall up, each family in one atomic step. A kernel that can't redirect gets the firewall without the
 * proxy; where the operator has not agreed to that, it stays closed and the boot ends.
 */
export async function applyFirewall(
  host: Host,
  plan: FirewallPlan,
  options: { backend: Backend; ipv6: boolean; mayFallBack: boolean },
): Promise<AppliedFirewall> {
  // The families know nothing of each other: each is one transaction of its own.
  const [four, six] = await Promise.all([
    applyIPv4(host, plan, options),
    options.ipv6
      ? applyFamily(host, `/usr/sbin/ip6tables-${options.backend}`, ['-t', 'filter'], (standing) =>
          renderFirewall6(plan, standing),
        )
      : 0,
  ]);
  return { ...four, rules: four.rules + six };
}

async function applyIPv4(
  host: Host,
  plan: FirewallPlan,
  { backend, mayFallBack }: { backend: Backend; mayFallBack: boolean },
): Promise<AppliedFirewall> {
  const put = (variant: FirewallPlan) =>
    applyFamily(host, `/usr/sbin/iptables-${backend}`, [], (standing) => renderFirewall4(variant, standing));
  try {
    return { rules: await put(plan), byAddress: false };
  } catch (error) {
    assertAnswered(error);
    // Throws again what is wrong in general; what is left is that the kernel has no redirect.
    const rules = await put({ ...plan, proxied: null });
    if (mayFallBack) return { rules, byAddress: true };
    throw new BootError({
      message: 'this kernel cannot redirect connections to the proxy that proves their names (no NAT)',
      remedy:
        'Run on a kernel with nf_nat, or accept address-based egress without a name check: --env EGRESS_FALLBACK=address.',
      code: ExitCode.platform,
      cause: error,
    });
  }
}

async function applyFamily(
  host: Host,
  program: string,
  tables: readonly string[],
  render: (standing: StandingRules) => string,
): Promise<number> {
  const { stdout } = await host.run({ argv: [`${program}-save`, ...tables] });
  const firewall = render(parseStanding(stdout));
  await restore(host, `${program}-restore`, firewall);
  return countRules(firewall);
}

/** Leads the agent to the proxy on these ports and no others, in one atomic step. */
export async function applyProxied(host: Host, ports: readonly number[], backend: Backend): Promise<void> {
  await restore(host, `/usr/sbin/iptables-${backend}-restore`, renderProxied(ports));
}

/** Applies one document of iptables-restore(8), whole or not at all. */
export async function restore(host: Host, program: string, document: string): Promise<void> {
  await host.run({ argv: [program, '--noflush', '-w'], stdin: document, timeout: 10_000 });
}

function countRules(document: string): number {
  return document.split('\n').filter((line) => line.startsWith('-A') || line.startsWith('-I')).length;
}
