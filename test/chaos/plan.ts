import { randomFrom } from '../fuzz/driver.ts';
import type { Fault } from './faults/fault.ts';

/** How the container ends while the fault stands, and comes back. */
export type Restart = 'stopped and made anew' | 'restarted' | 'killed and made anew';
const restarts: readonly Restart[] = ['stopped and made anew', 'killed and made anew', 'restarted'];

/** What happens at a time: a fault or two at once, for so long, and perhaps a restart in the midst of it. */
export interface Episode {
  readonly faults: readonly Fault[];
  readonly seconds: number;
  readonly restart: Restart | null;
}

/** Seeds that share a deck, so that together they deal all of it. */
const sharing = 5;
/** Of so many episodes one has a second fault, and one a restart. */
const oneInWith = { second: 3, restart: 4 };

/** Deals episodes without end; the same seed deals the same ones. */
export function* planEpisodes(seed: number, faults: readonly Fault[]): Generator<Episode, never> {
  const deck = shuffled(faults, randomFrom(Math.floor(seed / sharing) + 1));
  const random = randomFrom(seed);
  const begin = Math.floor(((seed % sharing) * deck.length) / sharing);
  for (let turn = 0; ; turn++) {
    const first = at(deck, begin + turn);
    const second = at(deck, random(deck.length));
    const both = random(oneInWith.second) === 0 && second.kind !== first.kind;
    const chosen = both ? [first, second] : [first];
    const mayRestart = !chosen.some(({ cutsRemote }) => cutsRemote);
    const restart = (turn + seed) % oneInWith.restart === 0 && mayRestart;
    const [least, most] = first.stands;
    yield {
      faults: chosen,
      seconds: least + random(most - least + 1),
      restart: restart ? at(restarts, random(restarts.length)) : null,
    };
  }
}

function shuffled<T>(items: readonly T[], random: (below: number) => number): T[] {
  const left = [...items];
  return items.map(() => left.splice(random(left.length), 1)[0] as T);
}

function at<T>(items: readonly T[], index: number): T {
  return items[index % items.length] as T;
}
