import type { Level } from '../core/log.ts';
import type { BoxState, ChildNews } from './box-state.ts';

/** Everything that happens to the box, by its kind: whoever wants to know of it listens here, and nowhere else. */
export interface BoxEvents {
  /** One line of the log, as it was written: secrets are gone from it. */
  readonly logged: {
    readonly level: Level;
    /** A stable dotted name. */
    readonly event: string;
    readonly fields: Readonly<Record<string, unknown>>;
  };
  /** The whole state of the box after a change. */
  readonly state: BoxState;
  readonly child: ChildNews;
  /** A service that did not answer was ended, or has answered again after that. */
  readonly unanswered: { readonly child: ChildNews['child']; readonly what: 'ended' | 'answers' };
  /** Two looks in a row agree that the health of the box is another one. */
  readonly health: 'healthy' | 'degraded' | 'unhealthy';
  /** The agent that ran once has ended; its exit code. */
  readonly task: { readonly code: number };
  /** The last rescue of a box that stops is over, and was not cut short. */
  readonly rescued: BoxState['rescue'];
}

type Listener<Kind extends keyof BoxEvents> = (event: BoxEvents[Kind]) => void;

/** The one bus of the box's events. Listeners are called at once and in the order in which they came. */
export class EventBus {
  readonly #listeners = new Map<keyof BoxEvents, Listener<never>[]>();

  on<Kind extends keyof BoxEvents>(kind: Kind, listener: Listener<Kind>): void {
    this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener]);
  }

  emit<Kind extends keyof BoxEvents>(kind: Kind, event: BoxEvents[Kind]): void {
    for (const listener of (this.#listeners.get(kind) ?? []) as Listener<Kind>[]) listener(event);
  }
}
