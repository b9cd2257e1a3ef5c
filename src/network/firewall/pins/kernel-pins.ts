import { chainOf } from '../../../core/errors.ts';
import type { Host } from '../../../host/host.ts';
import { findRefusal } from './batch-answer.ts';
import { renderPinBatch } from './pin-batch.ts';
import { keyOf, type Pin, type PinTable } from './pins.ts';
import { renderPinChange } from './render-pins.ts';
import { nft, type Pinning, type RewriteParts, rewritePins } from './rewrite-pins.ts';
import { makeRounds } from './rounds.ts';

/** Pins of one change that are told without a program: of more, its start is the smaller part. */
const mostTold = 1000;

export interface PinChange {
  readonly add: readonly Pin[];
  readonly remove: readonly Pin[];
}

/** What the kernel has of the pins. */
export interface KernelReport {
  readonly pins: number;
  /** How the kernel knows them; null until it was told any. */
  readonly pinning: Pinning | null;
  readonly failure: string | null;
}

export interface KernelPinParts extends RewriteParts {
  /** Hears after every change of the kernel's rules, and of every failure to change them. */
  readonly changed: (report: KernelReport) => void;
}

/** What the kernel has yet to be told, and the telling: one round at a time, everything that waits in the next. */
export function makeKernelPins(parts: KernelPinParts, pins: Pick<PinTable, 'list' | 'size'>) {
  const tellSet = makeSetTeller(parts.host);
  const waiting = new Map<string, { pin: Pin; verb: 'add' | 'remove' }>();
  let pinning: Pinning | null = null;
  /** The kernel has not got what the table holds: the last attempt failed, so the next request tries again. */
  let behind = false;
  /** What the kernel was never told with success: whoever wants one of these has to wait. */
  const untold = new Set<string>();

  /** Atomically; null for everything anew, as whenever a change is refused: kernel and table may have parted. */
  const write = async (change: PinChange | null): Promise<Pinning> => {
    const anew = () => rewritePins(parts, pinning, pins.list());
    if (pinning !== 'set' || change === null) return anew();
    await tellSet(change).catch((refusal) => anew().catch((error) => fail(error, refusal)));
    return pinning;
  };
  const apply = async () => {
    const changes = [...waiting.values()];
    const of = (verb: 'add' | 'remove') => changes.filter((one) => one.verb === verb).map(({ pin }) => pin);
    const change = behind ? null : { add: of('add'), remove: of('remove') };
    const telling = [...untold];
    waiting.clear();
    behind = true;
    try {
      pinning = await write(change);
      behind = false;
      for (const key of telling) untold.delete(key);
      parts.changed({ pins: pins.size, pinning, failure: null });
    } catch (error) {
      parts.changed({ pins: pins.size, pinning, failure: chainOf(error) });
      throw error;
    }
  };
  const rounds = makeRounds(apply);
  return {
    /** Tells the kernel of a change; of none, tries again what it refused the last time. */
    tell: async ({ add, remove }: PinChange): Promise<void> => {
      for (const pin of add) {
        waiting.set(keyOf(pin), { pin, verb: 'add' });
        untold.add(keyOf(pin));
      }
      for (const pin of remove) {
        waiting.set(keyOf(pin), { pin, verb: 'remove' });
        untold.delete(keyOf(pin));
      }
      if (behind || add.length + remove.length > 0) await rounds.next();
    },
    /** Resolves once the kernel has all of these; at once where it has them already. */
    confirm: async (wanted: readonly Pin[]): Promise<void> => {
      if (!wanted.some((pin) => untold.has(keyOf(pin)))) return;
      await rounds.pending();
    },
  };
}

/** What made everything be written anew is the cause of what came of it. */
function fail(error: unknown, refusal: unknown): never {
  throw new Error(chainOf(error), { cause: refusal });
}

/** Every new address waits for this: init tells the kernel itself, without a program that takes milliseconds to start. */
function makeSetTeller(host: Host): (change: PinChange) => Promise<void> {
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
