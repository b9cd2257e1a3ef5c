import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { BoxState } from './box-state.ts';
import { EventBus } from './events.ts';
import { findOtherBoot } from './other-boot.ts';

/** The state store: the box's state, in memory and, once there is a place for it, in `state.json`. */
export class StateStore {
  #state: BoxState;
  readonly #host: Host;
  readonly #log: Log;
  /** A second init in a running box must not write over the first one's state: that state is what refuses it. */
  readonly #silent: boolean;
  /** What happens to the box: a child's end changes its state, and every change is told. */
  readonly events: EventBus;

  constructor({ host, log, state, events }: { host: Host; log: Log; state: BoxState; events?: EventBus }) {
    this.events = events ?? new EventBus();
    this.events.on('child', ({ child, what: _, ...news }) => {
      this.post({ children: { ...this.#state.children, [child]: news } });
    });
    this.#host = host;
    this.#log = log;
    this.#state = state;
    this.#silent = findOtherBoot(host) !== null;
  }

  get state(): BoxState {
    return this.#state;
  }

  post(change: Partial<BoxState>): void {
    this.#state = this.#redacted({ ...this.#state, ...change });
    this.#write();
    this.events.emit('state', this.#state);
  }

  #write(): void {
    if (this.#silent || this.#host.files.facts(Paths.run)?.kind !== 'folder') return;
    try {
      this.#host.files.write(Paths.state, `${JSON.stringify(this.#state)}\n`, 0o644);
    } catch {
      // Before the mounts step there may be no writable place; the log on stdout says it all meanwhile.
    }
  }

  /** Everybody reads the store, and programs' own words stand on it: what git says may hold a token. */
  #redacted(state: BoxState): BoxState {
    const clean = this.#log.redact;
    const { failure, firewall, rescue } = state;
    return {
      ...state,
      steps: state.steps.map((step) => ({ ...step, detail: clean(step.detail) })),
      failure: failure && { ...failure, message: clean(failure.message), remedy: clean(failure.remedy) },
      firewall: { ...firewall, lastFailure: firewall.lastFailure && clean(firewall.lastFailure) },
      repository: clean(state.repository),
      lacks: state.lacks.map(clean),
      rescue: { ...rescue, said: clean(rescue.said), restored: clean(rescue.restored) },
    };
  }
}
