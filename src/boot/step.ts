import { BootError, chainOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { StepTools, Undo } from '../core/step-tools.ts';
import { CommandError } from '../host/command-error.ts';
import type { Host } from '../host/host.ts';
import type { StepName, StepState } from '../state/box-state.ts';
import type { Board } from '../state/state-store.ts';

/** Runs boot steps: each gets the deadline, its line in the log, its name on failure and its undo. */
export class Steps {
  readonly #parts: { host: Host; log: Log; board: Board };
  #deadline: number;
  readonly #undos: Undo[] = [];
  #stopped: BootError | null = null;
  #interrupt: (error: BootError) => void = () => {};
  readonly #interrupted: Promise<never>;

  /** @param parts.deadline the machine's uptime, in milliseconds, by which every step without its own must be done. */
  constructor(parts: { host: Host; log: Log; board: Board; deadline: number }) {
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
      undo: (action) => void this.#undos.push(action),
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
      this.#post({
        name,
        state: 'failed',
        startedAt,
        duration: host.uptime() - began,
        detail: chainOf(error),
      });
      throw await this.#fail(name, error);
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

  async #fail(name: StepName, error: unknown): Promise<BootError> {
    const fault =
      error instanceof BootError
        ? error
        : new BootError({ message: `step ${name} failed`, cause: error, remedy: remedyOf(error) });
    this.#stopped ??= fault;
    for (const undo of this.#undos.splice(0).reverse()) {
      try {
        await undo();
      } catch (cause) {
        this.#parts.log.event('error', 'boot.undo.failed', { step: name, reason: chainOf(cause) });
      }
    }
    const failure = { step: name, message: chainOf(fault), remedy: fault.remedy, code: fault.code };
    this.#parts.log.event('fatal', 'boot.failed', failure);
    this.#parts.board.post({ phase: 'failed', failure });
    return fault;
  }

  #post(step: StepState): void {
    const { board } = this.#parts;
    board.post({ steps: [...board.state.steps.filter((other) => other.name !== step.name), step] });
  }
}

/** What was killed says nothing of the box itself. */
function remedyOf(error: unknown): string {
  if (!(error instanceof CommandError) || error.answered) return '';
  return 'Something outside ended it, a lack of memory perhaps, or it was too slow: start the box again, with more of either.';
}
