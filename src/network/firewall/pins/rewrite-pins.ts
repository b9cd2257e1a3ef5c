import type { Host } from '../../../host/host.ts';
import type { Backend } from '../../../state/environment.ts';
import { restore } from '../apply.ts';
import type { Pin } from './pins.ts';
import { renderPinChain, renderPinnedBySet, renderPinSet } from './render-pins.ts';

/** How the kernel knows the pins: a set, whose size costs nothing, or a chain of rules. */
export type Pinning = 'set' | 'chain';

export interface RewriteParts {
  readonly host: Host;
  readonly backend: Backend;
  /** The user whose connections the pins let out. */
  readonly dialler: number;
}

/**
 * Has programs write all pins anew: into a set where the kernel has sets, else into a chain.
 * @param pinning how the kernel knows them already; null before the first write, which decides it.
 */
export async function rewritePins(
  parts: RewriteParts,
  pinning: Pinning | null,
  pins: readonly Pin[],
): Promise<Pinning> {
  const { host, backend, dialler } = parts;
  const program = `/usr/sbin/iptables-${backend}-restore`;
  if (pinning === null && backend === 'nft') {
    try {
      await nft(host, renderPinSet(dialler, pins));
      await restore(host, program, renderPinnedBySet());
      return 'set';
    } catch {
      // No sets here: the chain does the same, only slower. What fails there is a fault.
    }
  }
  if (pinning === 'set') await nft(host, renderPinSet(dialler, pins));
  else await restore(host, program, renderPinChain(pins));
  return pinning ?? 'chain';
}

/** Applies one document of nft(8), whole or not at all. */
export async function nft(host: Host, document: string): Promise<void> {
  await host.run({ argv: ['/usr/sbin/nft', '-f', '-'], stdin: document, timeout: 10_000 });
}
