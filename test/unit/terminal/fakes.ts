import type { Pty } from '../../../src/host/pty.ts';
import type { Terminal } from '../../../src/host/terminal.ts';

type Size = { columns: number; rows: number };

/** An operator's terminal that a test types on. */
export class FakeTerminal implements Terminal {
  isRaw = false;
  #size: Size = { columns: 80, rows: 24 };
  #shown: Buffer[] = [];
  /** As with a real one, whoever stops listening pauses it for all. */
  #flowing = false;
  readonly #inputs = new Set<(bytes: Buffer) => void>();
  readonly #resizes = new Set<() => void>();
  readonly #gone = new Set<() => void>();

  get listening(): number {
    return this.#inputs.size;
  }

  shown(): Buffer {
    return Buffer.concat(this.#shown);
  }

  type(text: string): void {
    if (!this.#flowing) return;
    for (const take of [...this.#inputs]) take(Buffer.from(text));
  }

  hangUp(): void {
    for (const take of [...this.#gone]) take();
  }

  /** The window changes. */
  set window(size: Size) {
    this.#size = size;
    for (const take of [...this.#resizes]) take();
  }

  size(): Size {
    return this.#size;
  }

  raw(on: boolean): void {
    this.isRaw = on;
  }

  write(bytes: Buffer | string): void {
    this.#shown.push(Buffer.from(bytes as string));
  }

  onInput(take: (bytes: Buffer) => void): () => void {
    const remove = added(this.#inputs, take);
    this.#flowing = true;
    return () => {
      remove();
      this.#flowing = false;
    };
  }

  onResize(take: () => void): () => void {
    return added(this.#resizes, take);
  }

  onGone(take: () => void): () => void {
    return added(this.#gone, take);
  }
}

/** A client on an inner pty. */
export class FakePty implements Pty {
  readonly written: string[] = [];
  readonly sizes: Size[] = [];
  ended = false;
  endedBy: string | undefined;
  readonly exited: Promise<number>;
  exit: (code: number) => void = () => {};
  print: (bytes: Buffer) => void = () => {};

  constructor() {
    this.exited = new Promise((resolve) => {
      this.exit = resolve;
    });
  }

  onOutput(take: (bytes: Buffer) => void): void {
    this.print = take;
  }

  write(bytes: Buffer): void {
    this.written.push(bytes.toString());
  }

  resize(size: Size): void {
    this.sizes.push(size);
  }

  end(signal = 'SIGHUP'): void {
    this.ended = true;
    this.endedBy = signal;
  }
}

function added<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => void set.delete(item);
}
