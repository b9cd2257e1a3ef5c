import type { Box } from './box.ts';

/** All files of the work with their hashes, a line each. */
export type Manifest = string;

interface Known {
  readonly at: number;
  readonly manifest: Manifest;
}

/** The agent's work: steps that are all or none, and every state it was ever seen in. */
export class Work {
  readonly #box: Box;
  readonly #salt: number;
  #steps = 0;
  #known: Known[] = [];

  constructor(box: Box, salt: number) {
    this.#box = box;
    this.#salt = salt;
  }

  /** @returns whether there has been work for so many milliseconds. */
  wasThere(since: number): boolean {
    return Date.now() - (this.#known[0]?.at ?? Date.now()) > since;
  }

  /** Does one more, where there is room for it. */
  async step(): Promise<void> {
    this.#steps += 1;
    await this.#run([`${this.#steps}`, `${this.#salt}`]);
  }

  /** @returns the work as it is; null where nobody could look. */
  look(): Promise<Manifest | null> {
    return this.#run([]);
  }

  /** @returns how many states of the work came after this one; null where it never was so. */
  lostSince(manifest: Manifest): number | null {
    const index = this.#known.findLastIndex((known) => known.manifest === manifest);
    return index < 0 ? null : this.#known.length - 1 - index;
  }

  /** @returns how many states were seen after this moment: what a rescue begun then need not have. */
  after(at: number): number {
    return this.#known.filter((known) => known.at > at).length;
  }

  async #run(args: readonly string[]): Promise<Manifest | null> {
    const { uid } = this.#box.parts;
    const { code, stdout } = await this.#box.as(uid, ['timeout', '30', 'bash', '/chaos/work.sh', ...args]);
    if (code !== 0) return args.length > 0 ? this.look() : null;
    if (this.#known.at(-1)?.manifest !== stdout) this.#known.push({ at: Date.now(), manifest: stdout });
    return stdout;
  }
}
