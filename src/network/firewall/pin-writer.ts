import type { Host } from '../../host/host.ts';
import { type Backend, restore } from './apply.ts';
import type { Pin } from './pins.ts';
import { renderPinChain, renderPinChange, renderPinnedBySet, renderPinSet } from './render-pins.ts';

/** How the kernel knows the pins: a set, whose size costs nothing, or a chain of rules. */
export type Pinning = 'set' | 'chain';

export interface PinChange {
  readonly add: readonly Pin[];
  readonly remove: readonly Pin[];
}

export interface PinWriter {
  /** Tells the kernel what has changed, atomically; null for everything anew. `all` is what it then has. */
  write(change: PinChange | null, all: () => readonly Pin[]): Promise<Pinning>;
}

export interface PinWriterParts {
  readonly host: Host;
  readonly backend: Backend;
  /** The user whose connections the pins let out. */
  readonly dialler: number;
}

/**
 * Writes the pins into a set where the kernel has sets, else into a chain. What it is depends on the first write;
 * whenever a change is refused, everything is written anew: kernel and table may have parted.
 */
export function makePinWriter(parts: PinWriterParts): PinWriter {
  const { host, backend } = parts;
  const program = `/usr/sbin/iptables-${backend}-restore`;
  let pinning: Pinning | null = null;
  const writeSet = (all: () => readonly Pin[]) => nft(host, renderPinSet(parts.dialler, all()));
  const writeChain = (all: () => readonly Pin[]) => restore(host, program, renderPinChain(all()));
  return {
    write: async (change, all) => {
      if (pinning === null) pinning = await begin(parts, program, all);
      else if (pinning === 'chain') await writeChain(all);
      else if (change === null) await writeSet(all);
      else await nft(host, renderPinChange(change)).catch(() => writeSet(all));
      return pinning;
    },
  };
}

async function begin(parts: PinWriterParts, program: string, all: () => readonly Pin[]): Promise<Pinning> {
  const { host, backend, dialler } = parts;
  if (backend === 'nft') {
    try {
      await nft(host, renderPinSet(dialler, all()));
      await restore(host, program, renderPinnedBySet());
      return 'set';
    } catch {
      // No sets here: the chain does the same, only slower. What fails there is a fault.
    }
  }
  await restore(host, program, renderPinChain(all()));
  return 'chain';
}

async function nft(host: Host, document: string): Promise<void> {
  await host.run({ argv: ['/usr/sbin/nft', '-f', '-'], stdin: document, timeout: 10_000 });
}
