import { constants } from 'node:os';
import { chainOf } from '../core/errors.ts';
import { ExitCode, exitCodeOfSignal } from '../core/exit-codes.ts';
import type { Log } from '../core/log.ts';
import { stopLimit } from '../core/stop-budget.ts';
import type { Host } from '../host/host.ts';

/** Why the box ends, and the exit code that says so. */
export type End =
  | { readonly kind: 'signal'; readonly name: NodeJS.Signals; readonly code: number }
  | { readonly kind: 'fault'; readonly error: unknown; readonly code: number };

/**
 * What each signal means to init. Those that tell of a fault in the program itself (SIGSEGV, SIGBUS …) keep the
 * kernel's meaning, as in every other init.
 */
const meanings = {
  /** An ordered stop; the second one hurries. */
  stop: ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGPWR'],
  /** Reads the allowlist's files again, once there is a list. */
  reload: ['SIGHUP'],
  nothing: ['SIGUSR1', 'SIGUSR2'],
  /** The agent's that runs once; without such nothing, although the kernel would end or halt us. */
  handOn: ['SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGXCPU', 'SIGIO', 'SIGSTKFLT', 'SIGTSTP', 'SIGCONT'],
} as const satisfies Record<string, readonly NodeJS.Signals[]>;

/** Listens for whatever ends the box: signals from outside, faults of our own. */
export class Ends {
  readonly #log: Log;
  #first: End | null = null;
  #takers: ((end: End) => void)[] = [];
  #passers: ((name: NodeJS.Signals) => void)[] = [];
  #hurry: () => void = () => {};
  #isHurried = false;
  #giveUp: (code: number) => void = () => {};
  /** Resolves when somebody has asked twice: from then on nothing is given time. */
  readonly hurried: Promise<void>;
  /** Resolves with an exit code when the stop after a fault does not come to its end. */
  readonly overdue: Promise<number>;

  constructor({ host, log }: { host: Host; log: Log }) {
    this.#log = log;
    this.hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
    this.overdue = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
    const missed = host.missedSignals();
    const on = (names: readonly NodeJS.Signals[], take: (name: NodeJS.Signals) => void) =>
      host.onSignal(names, take);
    on(meanings.reload, (signal) => log.event('info', 'signal.received', { signal }));
    on(meanings.nothing, (signal) => log.event('info', 'signal.ignored', { signal }));
    on(meanings.handOn, (signal) => this.#handOn(signal));
    on(meanings.stop, (name) => this.#stop(name));
    host.onFault((error) => this.#fault(error));
    for (const name of missed) this.#stop(name);
  }

  /** What came first; null while the box is to live. */
  get first(): End | null {
    return this.#first;
  }

  /** Whether somebody has asked twice. */
  get isHurried(): boolean {
    return this.#isHurried;
  }

  /** Calls back at the first of all ends, at once if it was before. */
  whenEnding(take: (end: End) => void): void {
    this.#takers.push(take);
    if (this.#first !== null) take(this.#first);
  }

  /** Calls back for signals that are the agent's business. */
  whenHandedOn(pass: (name: NodeJS.Signals) => void): void {
    this.#passers.push(pass);
  }

  #stop(name: NodeJS.Signals): void {
    this.#log.event('info', 'signal.received', { signal: name });
    this.#end({ kind: 'signal', name, code: exitCodeOfSignal(constants.signals[name]) });
  }

  #fault(error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    const more = this.#first?.kind === 'fault';
    this.#log.event('fatal', 'init.fault', { reason: chainOf(error), stack: stack.slice(0, 2000) });
    if (!more) setTimeout(() => this.#giveUp(ExitCode.failed), stopLimit).unref();
    this.#end({ kind: 'fault', error, code: ExitCode.failed });
  }

  #end(end: End): void {
    if (this.#first !== null) {
      this.#isHurried = true;
      this.#hurry();
      return;
    }
    this.#first = end;
    for (const take of this.#takers) take(end);
  }

  #handOn(name: NodeJS.Signals): void {
    this.#log.event('info', this.#passers.length > 0 ? 'signal.passed' : 'signal.ignored', { signal: name });
    for (const pass of this.#passers) pass(name);
  }
}
