/** One line of the table and of results.json. A target speaks of the ratio where there is a peer, else of the value. */
export interface Row {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly peer: string | null;
  readonly peer_value: number | null;
  /** `value / peer_value`. */
  readonly ratio: number | null;
  readonly target: string | null;
  /** Whether the target is met; null where there is none, or nothing was measured. */
  readonly holds: boolean | null;
  /** What a reader has to know to believe the number. */
  readonly note?: string;
}

/** What a file in `rows/` exports as its default. */
export type Measure = () => Promise<Row[]>;

interface Measured {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly peer?: { readonly name: string; readonly value: number | null };
  /** The most that the ratio may be where there is a peer, else the most that the value may be. */
  readonly atMost?: number;
  /** The least, in the same way. */
  readonly atLeast?: number;
  readonly note?: string | undefined;
  /** What makes the number look better than it is: then it can fail its target, not meet it. */
  readonly flattered?: string | undefined;
}

/** Makes a row: works out the ratio and judges the target. */
export function makeRow({ name, value, unit, peer, atMost, atLeast, ...more }: Measured): Row {
  const ratio = value === null || !peer?.value ? null : Number((value / peer.value).toFixed(3));
  const judged = peer === undefined ? value : ratio;
  const bounds = [
    ...(atMost === undefined ? [] : [{ sign: '<=', bound: atMost, isMet: (judged ?? 0) <= atMost }]),
    ...(atLeast === undefined ? [] : [{ sign: '>=', bound: atLeast, isMet: (judged ?? 0) >= atLeast }]),
  ];
  const meets = bounds.length === 0 || judged === null ? null : bounds.every(({ isMet }) => isMet);
  const note = more.flattered ?? more.note;
  return {
    name,
    value,
    unit,
    peer: peer?.name ?? null,
    peer_value: peer?.value ?? null,
    ratio,
    target: renderTarget(peer === undefined ? 'value' : 'ratio', bounds),
    holds: meets && more.flattered !== undefined ? null : meets,
    ...(note === undefined ? {} : { note }),
  };
}

function renderTarget(what: string, bounds: readonly { sign: string; bound: number }[]): string | null {
  return bounds.map(({ sign, bound }) => `${what} ${sign} ${bound}`).join(', ') || null;
}

/** @returns the middle of the values, the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
