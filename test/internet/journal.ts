const capacity = 10_000;

/** What a service saw, oldest first; bounded, so that a flood in a test cannot fill the memory. */
export class Journal<T extends object> {
  private entries: (T & { time: string })[] = [];

  /** Returns the stored entry: a caller may complete it later, when more bytes arrive. */
  add(entry: T): T & { time: string } {
    const stored = { time: new Date().toISOString(), ...entry };
    this.entries.push(stored);
    if (this.entries.length > capacity) this.entries.shift();
    return stored;
  }

  all(): readonly (T & { time: string })[] {
    return this.entries;
  }

  clear(): void {
    this.entries = [];
  }
}
