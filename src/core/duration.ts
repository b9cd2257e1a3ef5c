const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @param text digits and a unit: `30s`, `10m`, `1h`, `7d`.  @returns milliseconds, at most a year, or null if it is none. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9][0-9]{0,8})([smhd])$/.exec(text);
  const milliseconds = Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN);
  return milliseconds <= 366 * 86_400_000 ? milliseconds : null;
}
