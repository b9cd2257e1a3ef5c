/** @returns the word nearest to another, the first of several; null where there is none. */
export function nearestOf(word: string, known: readonly string[]): string | null {
  return rankByDistance(word, known)[0]?.word ?? null;
}

/** @returns the words, the nearest first, each with the fewest slips that make it of the other. */
export function rankByDistance(word: string, known: readonly string[]): { word: string; distance: number }[] {
  return known
    .map((other) => ({ word: other, distance: distanceOf(word, other) }))
    .sort((one, other) => one.distance - other.distance);
}

/** The fewest characters to put in, take out, change or swap with the next (optimal string alignment). */
function distanceOf(one: string, other: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next[column] = Math.min(
        at(last, column) + 1,
        at(next, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, last] = [last ?? [], next];
  }
  return at(last, other.length);
}

function at(row: readonly number[] | undefined, index: number): number {
  return row?.[index] ?? Number.POSITIVE_INFINITY;
}
