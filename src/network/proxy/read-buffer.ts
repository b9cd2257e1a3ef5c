const small = 16_384;
const large = 262_144;
/** How many connections may have a large buffer at once; of its pages only those that were used cost memory. */
const mostLarge = 128;
let larges = 0;

/** What one connection is read into, over and over. */
export interface ReadBuffer {
  /** @returns the buffer for the next read. */
  next(): Buffer;
  /** Hears how much the last read brought: whoever fills a small buffer has more to say and gets a large one. */
  filled(length: number): void;
  release(): void;
}

export function makeReadBuffer(): ReadBuffer {
  let bytes: Buffer | null = null;
  let isLarge = false;
  return {
    next: () => {
      bytes ??= Buffer.allocUnsafeSlow(small);
      return bytes;
    },
    filled: (length) => {
      if (isLarge || length < small || larges >= mostLarge) return;
      isLarge = true;
      larges += 1;
      bytes = Buffer.allocUnsafeSlow(large);
    },
    release: () => {
      if (isLarge) larges -= 1;
      isLarge = false;
    },
  };
}
