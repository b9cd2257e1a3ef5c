import { FakeChild } from './fake-child.ts';
import { FakeFiles, mortal } from './fake-files.ts';
import { FakeSockets } from './fake-sockets.ts';
import type { ChildSpec, Command, Host, Output } from './host.ts';

/** What a prepared command answers: its output, an error it ends with, or a function that decides. */
export type Answer =
  | Partial<Output>
  | Error
  | ((command: Command) => Partial<Output> | Promise<Partial<Output>>);

export interface Replacement {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A machine in memory, with a recording fake of the Host port for each program that runs on it. A command nobody
 * prepared throws, so a test sees every command there is. Sleeping programs wait for `advance`, or with
 * `clock.free` pass the time at once.
 */
export class FakeMachine {
  /** Everything that touched the machine, in order: `run …`, `write …`, `start …`, `lock`, `release` … */
  readonly journal: string[] = [];
  readonly commands: Command[] = [];
  readonly unprepared: string[] = [];
  readonly children: FakeChild[] = [];
  readonly printed: string[] = [];
  readonly printedErrors: string[] = [];
  readonly held = new Set<string>();
  readonly files = new FakeFiles((event) => this.#note(event));
  readonly sockets = new FakeSockets((event) => this.#note(event));
  /** `ahead` is by how much the wall clock was set. */
  readonly clock = { now: 1_800_000_000_000, ahead: 0, free: false };
  /** Decides how a started child behaves. */
  onStart: (child: FakeChild) => void = () => {};
  /** Signals that come to the next program before it listens. */
  readonly missed: NodeJS.Signals[] = [];
  /** What the kernel refuses from now on. */
  readonly refused: { replace?: Error } = {};
  /** Has whoever read what is printed go. */
  depart: () => void = () => {};
  readonly #watchers: ((event: string) => void)[] = [];
  readonly #prepared: { pattern: RegExp; answer: Answer }[] = [];
  #sleepers: { at: number; wake: () => void }[] = [];
  #timers: { every: number; next: number; call: () => void }[] = [];
  #listeners = new Map<NodeJS.Signals, ((name: NodeJS.Signals) => void)[]>();
  #faulty: (error: unknown) => void = () => {};
  #replaced: (replacement: Replacement) => void = () => {};
  /** Resolves when a program replaced itself. */
  replaced: Promise<Replacement> = new Promise((resolve) => {
    this.#replaced = resolve;
  });

  /** Prepares the answer to every command whose arguments, joined by spaces, match; the latest wins. */
  prepare(pattern: RegExp, answer: Answer = {}): void {
    this.#prepared.unshift({ pattern, answer });
  }

  /** Has everything heard as it happens: a test may fail or interrupt the program there. */
  watch(watcher: (event: string) => void): void {
    this.#watchers.push(watcher);
  }

  /** Delivers a signal to the program that runs. */
  signal(name: NodeJS.Signals): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(name);
  }

  /** Has the program that runs meet an error that nobody catches. */
  fault(error: unknown): void {
    this.#faulty(error);
  }

  /** Lets time pass: sleepers wake and timers fire, in order. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.clock.now + milliseconds;
    for (;;) {
      await settle();
      const next = Math.min(...this.#sleepers.map(({ at }) => at), ...this.#timers.map(({ next }) => next));
      if (next > end) break;
      this.clock.now = Math.max(this.clock.now, next);
      this.#wake();
    }
    this.clock.now = end;
    await settle();
  }

  /** A program on this machine. After it replaced itself nothing it does has an effect any more. */
  program(options: Partial<Pick<Host, 'pid' | 'uid' | 'env' | 'terminal' | 'anyTerminal'>> = {}): Host {
    const life = { over: false };
    this.#listeners = new Map();
    return {
      uid: options.uid ?? 0,
      pid: options.pid ?? 1,
      env: options.env ?? {},
      files: mortal(this.files, life),
      terminal: options.terminal ?? false,
      anyTerminal: options.anyTerminal ?? options.terminal ?? false,
      nodeVersion: 'v26.0.0',
      now: () => this.clock.now + this.clock.ahead,
      // Another beginning: a time of the one clock is none of the other.
      uptime: () => this.clock.now - 1_799_999_000_000,
      sleep: (milliseconds) => this.#sleep(milliseconds),
      every: (every, call) => void this.#timers.push({ every, next: this.clock.now + every, call }),
      print: (text) => void (life.over || this.printed.push(text)),
      printError: (text) => void (life.over || this.printedErrors.push(text)),
      flush: async () => {},
      onDeparture: (listener) => {
        this.depart = listener;
      },
      run: (command) => (life.over ? forever() : this.#run(command)),
      start: (spec) => this.#start(spec),
      ...this.sockets.calls(),
      lock: (path) => this.#lock(path, life),
      replace: (argv, env) => {
        if (this.refused.replace !== undefined) throw this.refused.replace;
        this.#note('replace');
        life.over = true;
        this.#replaced({ argv, env });
        throw new Error('the fake program is over');
      },
      compactMemory: () => {},
      reapOrphans: () => this.#note('reap orphans'),
      endDescendants: () => this.#note('end descendants'),
      signal: (pid, signal) => this.#note(`signal ${pid} ${signal}`),
      missedSignals: () => this.missed.splice(0),
      onSignal: (names, listener) => {
        for (const name of names) this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
      },
      onFault: (listener) => {
        this.#faulty = listener;
      },
    };
  }

  #note(event: string): void {
    this.journal.push(event);
    for (const watcher of this.#watchers) watcher(event);
  }

  async #run(command: Command): Promise<Output> {
    const line = command.argv.join(' ');
    this.commands.push(command);
    this.#note(`run ${line}`);
    const found = this.#prepared.find(({ pattern }) => pattern.test(line));
    if (found === undefined) {
      this.unprepared.push(line);
      throw new Error(`nobody prepared an answer to: ${line}`);
    }
    if (found.answer instanceof Error) throw found.answer;
    const output = typeof found.answer === 'function' ? await found.answer(command) : found.answer;
    return { code: 0, stdout: '', stderr: '', ...output };
  }

  #start(spec: ChildSpec): FakeChild {
    this.#note(`start ${spec.argv.join(' ')}`);
    const child = new FakeChild(1000 + this.children.length, spec, (event) => this.#note(event));
    this.children.push(child);
    this.onStart(child);
    return child;
  }

  async #lock(path: string, life: { over: boolean }): Promise<() => Promise<void>> {
    if (this.held.has(path)) throw new Error('Lock file is already being held');
    this.held.add(path);
    this.#note(`lock ${path}`);
    return async () => {
      if (!life.over && this.held.delete(path)) this.#note(`release ${path}`);
    };
  }

  #sleep(milliseconds: number): Promise<void> {
    if (!this.clock.free) {
      const at = this.clock.now + milliseconds;
      return new Promise((wake) => this.#sleepers.push({ at, wake }));
    }
    this.clock.now += milliseconds;
    return settle();
  }

  #wake(): void {
    const due = this.#sleepers.filter(({ at }) => at <= this.clock.now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.clock.now);
    for (const { wake } of due.sort((one, other) => one.at - other.at)) wake();
    for (const timer of this.#timers.filter(({ next }) => next <= this.clock.now)) {
      timer.next += timer.every;
      timer.call();
    }
  }
}

function forever<T>(): Promise<T> {
  return new Promise(() => {});
}

/** Lets everything that can happen without time passing happen. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
