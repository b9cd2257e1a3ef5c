import type { Child, ChildSpec } from './host.ts';

/** A child whose words and end a test drives. */
export class FakeChild implements Child {
  readonly pid: number;
  readonly spec: ChildSpec;
  readonly sent: unknown[] = [];
  readonly signals: NodeJS.Signals[] = [];
  readonly exited: Promise<number>;
  /** Whether SIGTERM ends it; SIGKILL always does. */
  obedient = true;
  /** Answers each message that is sent to it. */
  onSent: (message: unknown) => void = () => {};
  #listeners: ((message: unknown) => void)[] = [];
  #exit: (code: number) => void = () => {};
  #ended = false;

  readonly #record: (event: string) => void;

  /** @param record hears of every signal it gets. */
  constructor(pid: number, spec: ChildSpec, record: (event: string) => void = () => {}) {
    this.#record = record;
    this.pid = pid;
    this.spec = spec;
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Says something to its parent. */
  say(message: unknown): void {
    for (const listener of this.#listeners) listener(message);
  }

  /** Ends. */
  exit(code: number): void {
    this.#ended = true;
    this.#exit(code);
  }

  send(message: unknown): void {
    if (this.#ended) return;
    this.sent.push(message);
    this.onSent(message);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
  }

  signal(name: NodeJS.Signals): void {
    if (this.#ended) return;
    this.signals.push(name);
    this.#record(`signal ${name} ${this.spec.argv.join(' ')}`);
    if (name === 'SIGKILL') this.exit(137);
    else if (this.obedient && name === 'SIGTERM') this.exit(143);
  }
}
