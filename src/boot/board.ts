import { Paths } from '../core/paths.ts';
import type { BoxState } from '../core/state.ts';
import type { Host } from '../host/host.ts';

/** The notice board: the box's state, in memory and, once there is a place for it, in `state.json`. */
export class Board {
  #state: BoxState;
  readonly #host: Host;

  constructor(host: Host, state: BoxState) {
    this.#host = host;
    this.#state = state;
  }

  get state(): BoxState {
    return this.#state;
  }

  post(change: Partial<BoxState>): void {
    this.#state = { ...this.#state, ...change };
    if (this.#host.files.facts(Paths.run)?.kind !== 'folder') return;
    try {
      this.#host.files.write(Paths.state, `${JSON.stringify(this.#state)}\n`, 0o644);
    } catch {
      // Before the mounts step there may be no writable place; the log on stdout says it all meanwhile.
    }
  }
}
