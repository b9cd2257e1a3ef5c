import { BootError } from '../../core/errors.ts';
import { ExitCode } from '../../core/exit-codes.ts';
import type { Host } from '../../host/host.ts';
import type { Pin } from './pins.ts';
import { parseStanding, type Standing, type WallPlan } from './plan.ts';
import { renderPins, renderWall4 } from './render.ts';
import { renderWall6 } from './render6.ts';

/** Which of the kernel's two interfaces iptables speaks: nftables, or the old one. */
export type Backend = 'nft' | 'legacy';

/** @returns the first backend that works here. */
export async function probeBackend(host: Host): Promise<Backend> {
  let cause: unknown;
  for (const backend of ['nft', 'legacy'] as const) {
    try {
      await host.run({ argv: [`/usr/sbin/iptables-${backend}`, '-w', '-n', '-L', 'OUTPUT'], timeout: 5000 });
      return backend;
    } catch (error) {
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

/** Puts the whole wall up, each family in one atomic step.  @returns the number of its rules. */
export async function applyWall(
  host: Host,
  plan: WallPlan,
  options: { backend: Backend; ipv6: boolean },
): Promise<number> {
  const { backend } = options;
  // The families know nothing of each other: each is one transaction of its own.
  const counts = await Promise.all([
    applyFamily(host, `/usr/sbin/iptables-${backend}`, [], (standing) => renderWall4(plan, standing)),
    options.ipv6
      ? applyFamily(host, `/usr/sbin/ip6tables-${backend}`, ['-t', 'filter'], (standing) =>
          renderWall6(plan, standing),
        )
      : 0,
  ]);
  return counts[0] + counts[1];
}

async function applyFamily(
  host: Host,
  program: string,
  tables: readonly string[],
  render: (standing: Standing) => string,
): Promise<number> {
  const { stdout } = await host.run({ argv: [`${program}-save`, ...tables] });
  const wall = render(parseStanding(stdout));
  await restore(host, `${program}-restore`, wall);
  return countRules(wall);
}

/** Replaces the chain of pinned addresses in one atomic step. */
export async function applyPins(host: Host, pins: readonly Pin[], backend: Backend): Promise<void> {
  await restore(host, `/usr/sbin/iptables-${backend}-restore`, renderPins(pins));
}

async function restore(host: Host, program: string, document: string): Promise<void> {
  await host.run({ argv: [program, '--noflush', '-w'], stdin: document, timeout: 10_000 });
}

function countRules(document: string): number {
  return document.split('\n').filter((line) => line.startsWith('-A') || line.startsWith('-I')).length;
}
