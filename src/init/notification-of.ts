import type { Happening } from '../policy/notification.ts';
import type { BoxState, ChildNews } from '../state/box-state.ts';
import type { EventBus } from '../state/events.ts';

/** Has the operator told of what happens to the box, by what is sent where he wants to be. */
export function notifyOf(events: Pick<EventBus, 'on'>, tell: (word: Happening) => void): void {
  const tellIfAny = (word: Happening | null) => {
    if (word !== null) tell(word);
  };
  events.on('child', (news) => tellIfAny(wordOfNews(news)));
  events.on('unanswered', ({ what }) => tell(what === 'ended' ? 'degraded' : 'recovered'));
  events.on('health', (now) => tell(now === 'healthy' ? 'recovered' : now));
  events.on('task', ({ code }) => tell(code === 0 ? 'task-done' : 'task-failed'));
  events.on('rescued', (rescue) => tellIfAny(wordOfRescue(rescue)));
}

/** @returns what the operator is told of a child, or null: only what does not mend itself. */
export function wordOfNews({ child, what }: ChildNews): Happening | null {
  if (what !== 'failing') return null;
  if (child === 'agent') return 'restarts';
  // Of the others' failing health tells.
  return child === 'session' ? 'session-lost' : null;
}

/** @returns what the operator is told of the last rescue of a box that stops, or null: there was nothing to save. */
export function wordOfRescue({ outcome, partial }: BoxState['rescue']): Happening | null {
  if (outcome === 'failed') return 'unsaved';
  if (partial) return 'saved-in-part';
  return outcome === 'pushed' || outcome === 'unchanged' ? 'saved' : null;
}
