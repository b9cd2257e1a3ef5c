import type { Happening } from '../policy/notification.ts';
import type { BoxState, ChildNews } from '../state/box-state.ts';

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
