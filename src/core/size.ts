const units: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** @param text a size as Docker writes it: digits and an optional k, m or g.  @returns bytes, or null if it is no size. */
export function parseSize(text: string): number | null {
  const match = /^([1-9][0-9]{0,14})([kmg]?)b?$/i.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** @param bytes a count of bytes.  @returns it in the largest whole unit, as mount(8) takes it: `512m`. */
export function renderSize(bytes: number): string {
  for (const unit of ['g', 'm', 'k']) {
    const size = units[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
