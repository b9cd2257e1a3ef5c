import { chainOf } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { Backend } from '../../state/environment.ts';
import { restore } from './apply.ts';
import { findRefusal } from './batch-answer.ts';
import { renderPinBatch } from './pin-batch.ts';
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

/** Pins of one change that are told without a program: of more, its start is the smaller part. */
const mostTold = 1000;

/**
 * Writes the pins into a set where the kernel has sets, else into a chain. What it is depends on the first write;
 * whenever a change is refused, everything is written anew: kernel and table may have parted.
 */
export function makePinWriter(parts: PinWriterParts): PinWriter {
  const { host, backend } = parts;
  const program = `/usr/sbin/iptables-${backend}-restore`;
  const change = makePinChanger(host);
  let pinning: Pinning | null = null;
  const writeSet = (all: () => readonly Pin[]) => nft(host, renderPinSet(parts.dialler, all()));
  const writeChain = (all: () => readonly Pin[]) => restore(host, program, renderPinChain(all()));
  return {
    write: async (what, all) => {
      if (pinning === null) pinning = await begin(parts, program, all);
      else if (pinning === 'chain') await writeChain(all);
      else if (what === null) await writeSet(all);
      else await change(what).catch((refusal) => writeSet(all).catch((error) => fail(error, refusal)));
      return pinning;
    },
  };
}

/** What made everything be written anew is the cause of what came of it. */
function fail(error: unknown, refusal: unknown): never {
  throw new Error(chainOf(error), { cause: refusal });
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

/** Every new address waits for this: init tells the kernel itself, without a program that takes milliseconds to start. */
function makePinChanger(host: Host): (change: PinChange) => Promise<void> {
  let sequence = 1;
  return async (change) => {
    if (change.add.length + change.remove.length > mostTold) return nft(host, renderPinChange(change));
    const batch = renderPinBatch(change, sequence);
    // Never used twice: an answer that was late is nobody's.
    sequence = (sequence + batch.sequence.length) >>> 0;
    const refusal = findRefusal(host.tellNetfilter(batch.octets), batch);
    if (refusal !== null) throw new Error(refusal);
  };
}
