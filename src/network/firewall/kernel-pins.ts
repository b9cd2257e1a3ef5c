import { chainOf } from '../../core/errors.ts';
import { makePinWriter, type PinChange, type Pinning, type PinWriterParts } from './pin-writer.ts';
import { keyOf, type Pin, type PinTable } from './pins.ts';

/** What the kernel has of the pins. */
export interface KernelReport {
  readonly pins: number;
  /** How the kernel knows them; null until it was told any. */
  readonly pinning: Pinning | null;
  readonly failure: string | null;
}

export interface KernelPinParts extends PinWriterParts {
  /** Hears after every change of the kernel's rules, and of every failure to change them. */
  readonly changed: (report: KernelReport) => void;
}

/** What the kernel has yet to be told, and the telling: one round at a time, everything that waits in the next. */
export function makeKernelPins(parts: KernelPinParts, pins: PinTable) {
  const writer = makePinWriter(parts);
  const waiting = new Map<string, { pin: Pin; verb: 'add' | 'remove' }>();
  let pinning: Pinning | null = null;
  /** The kernel has not got what the table holds: the last attempt failed, so the next request tries again. */
  let behind = false;
  /** What the kernel was never told with success: whoever wants one of these has to wait. */
  const untold = new Set<string>();

  const apply = async () => {
    const changes = [...waiting.values()];
    const of = (verb: 'add' | 'remove') => changes.filter((one) => one.verb === verb).map(({ pin }) => pin);
    const change = behind ? null : { add: of('add'), remove: of('remove') };
    const telling = [...untold];
    waiting.clear();
    behind = true;
    try {
      pinning = await writer.write(change, () => pins.list());
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

/** One round at a time, and at most one more that waits: whoever comes meanwhile joins it. */
function makeRounds(round: () => Promise<void>) {
  let running: Promise<void> | null = null;
  let queued: Promise<void> | null = null;
  const next = (): Promise<void> => {
    if (running === null) {
      running = round().finally(() => {
        running = null;
      });
      return running;
    }
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = null;
        return next();
      });
    return queued;
  };
  return { next, pending: () => queued ?? running ?? next() };
}
