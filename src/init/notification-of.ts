import type { NotificationWord } from '../policy/notification.ts';
import type { BoxState, ChildNews } from '../state/box-state.ts';
import type { EventBus } from '../state/events.ts';

/** Has the operator told of what happens to the box, by what is sent where he wants to be. */
export function notifyOf(events: Pick<EventBus, 'on'>, tell: (word: NotificationWord) => void): void {
  const tellIfAny = (word: NotificationWord | null) => {
    if (word !== null) tell(word);
  };
  events.on('child', (news) => tellIfAny(notificationOfNews(news)));
  events.on('unanswered', ({ what }) => tell(what === 'ended' ? 'degraded' : 'recovered'));
  events.on('health', (now) => tell(now === 'healthy' ? 'recovered' : now));
  events.on('task', ({ code }) => tell(code === 0 ? 'task-done' : 'task-failed'));
  events.on('rescued', (rescue) => tellIfAny(notificationOfRescue(rescue)));
}

/** @returns what the operator is told of a child, or null: only what does not mend itself. */
export function notificationOfNews({ child, what }: ChildNews): NotificationWord | null {
  if (what !== 'failing') return null;
  if (child === 'agent') return 'restarts';
  // Of the others' failing health tells.
  return child === 'session' ? 'session-lost' : null;
}

/** @returns what the operator is told of the last rescue of a box that stops, or null: there was nothing to save. */
export function notificationOfRescue({ outcome, partial }: BoxState['rescue']): NotificationWord | null {
  if (outcome === 'failed') return 'unsaved';
  if (partial) return 'saved-in-part';
  return outcome === 'pushed' || outcome === 'unchanged' ? 'saved' : null;
}
