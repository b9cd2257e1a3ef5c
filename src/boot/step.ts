import { BootError, chainOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { StepTools, Undo } from '../core/step-tools.ts';
import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import { type StepName, type StepState, stepNames } from '../state/box-state.ts';
import type { StateStore } from '../state/state-store.ts';

/**
 * Runs boot steps: each gets the deadline, its line in the log, its name on failure and its undo. Steps may run side by
 * side: the first that fails speaks for all of them, and what any of them made is undone.
 */
export class Steps {
  readonly #parts: { host: Host; log: Log; store: StateStore };
  #deadline: number;
  readonly #undos: Undo[] = [];
  #stopped: BootError | null = null;
  /** The first failure, once all is undone. */
  #failing: Promise<BootError> | null = null;
  #interrupt: (error: BootError) => void = () => {};
  readonly #interrupted: Promise<never>;

  /** @param parts.deadline the machine's uptime, in milliseconds, by which every step without its own must be done. */
  constructor(parts: { host: Host; log: Log; store: StateStore; deadline: number }) {
    this.#parts = parts;
    this.#deadline = parts.deadline;
    this.#interrupted = new Promise((_, reject) => {
      this.#interrupt = reject;
    });
    this.#interrupted.catch(() => {});
  }

  /** Ends the boot from outside, as a signal does. */
  interrupt(error: BootError): void {
    this.#stopped ??= error;
    this.#interrupt(error);
  }

  #assertGoing(): void {
    if (this.#stopped !== null) throw this.#stopped;
  }

  /** @param allowance milliseconds for a step with a deadline of its own; the boot's is put off by what it took. */
  async step<T>(
    name: StepName,
    work: (tools: StepTools) => Promise<T> | T,
    allowance: number | null = null,
  ): Promise<T> {
    const { host } = this.#parts;
    const [startedAt, began] = [host.now(), host.uptime()];
    const note = { detail: '', state: 'done' as StepState['state'] };
    this.#post({ name, state: 'running', startedAt, duration: null, detail: '' });
    const tools: StepTools = {
      // What is made after all was undone, by a step that another one ended, is taken back at once.
      undo: (action) => void (this.#failing === null ? this.#undos.push(action) : this.#undo(name, action)),
      say: (detail) => void Object.assign(note, { detail }),
      warn: (detail) => void Object.assign(note, { detail, state: 'warned' }),
      assertGoing: () => this.#assertGoing(),
    };
    try {
      this.#assertGoing();
      const result = await this.#bounded(name, () => work(tools), allowance);
      const duration = host.uptime() - began;
      if (allowance !== null) this.#deadline += duration;
      this.#post({ name, state: note.state, startedAt, duration, detail: note.detail });
      const level = note.state === 'warned' ? 'warn' : 'info';
      this.#parts.log.event(level, 'boot.step', { step: name, duration, detail: note.detail });
      return result;
    } catch (error) {
      const failed = { name, state: 'failed', startedAt, duration: host.uptime() - began } as const;
      this.#failing ??= this.#fail({ ...failed, detail: chainOf(error) }, error);
      throw await this.#failing;
    }
  }

  async #bounded<T>(name: StepName, work: () => Promise<T> | T, allowance: number | null): Promise<T> {
    const left = allowance ?? this.#deadline - this.#parts.host.uptime();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `the boot did not finish in time; it was at step ${name}`;
      const remedy = 'Raise BOOT_TIMEOUT (seconds) if the machine is slow.';
      timer = setTimeout(() => reject(new BootError({ message, remedy })), Math.max(left, 0));
    });
    try {
      return await Promise.race([(async () => work())(), late, this.#interrupted]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #fail(step: StepState, error: unknown): Promise<BootError> {
    const { name } = step;
    const fault =
      error instanceof BootError
        ? error
        : new BootError({ message: `step ${name} failed`, cause: error, remedy: remedyOf(error) });
    this.#post(step);
    this.interrupt(fault);
    for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop())
      await this.#undo(name, undo);
    const failure = { step: name, message: chainOf(fault), remedy: fault.remedy, code: fault.code };
    this.#parts.log.event('fatal', 'boot.failed', failure);
    this.#parts.store.post({ phase: 'failed', failure });
    return fault;
  }

  async #undo(step: StepName, undo: Undo): Promise<void> {
    try {
      await undo();
    } catch (cause) {
      this.#parts.log.event('error', 'boot.undo.failed', { step, reason: chainOf(cause) });
    }
  }

  /** In the order of the contract; beside a step that failed none is running any more. */
  #post(step: StepState): void {
    const { store } = this.#parts;
    const others = store.state.steps.filter(
      ({ name, state }) => name !== step.name && (step.state !== 'failed' || state !== 'running'),
    );
    const place = ({ name }: StepState) => stepNames.indexOf(name);
    store.post({ steps: [...others, step].sort((one, other) => place(one) - place(other)) });
  }
}

/** What was killed says nothing of the box itself. */
function remedyOf(error: unknown): string {
  if (!(error instanceof CommandError) || error.answered) return '';
  return 'Something outside ended it, a lack of memory perhaps, or it was too slow: start the box again, with more of either.';
}
