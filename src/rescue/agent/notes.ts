import { halfDone } from '../git-refs.ts';
import { describeDamage } from '../rescue-text.ts';
import { findWorktrees } from './find-members.ts';
import type { Survey, Trust } from './survey.ts';

/** @returns whole sentences about what can't be saved as it is. */
export function notesOf({ order, look, history }: Survey, trust: Trust, place: string): string[] {
  const half = halfDone([...look.state.keys()]);
  return [
    ...(trust === 'all' ? [] : [describeDamage(look.damage, trust, history.base)]),
    ...look.notes,
    ...history.notes,
    ...(trust === 'all' ? [] : treeNotes(findWorktrees(look).length)),
    ...(half === null ? [] : [`A ${half} is half done; it is saved as it stands.`]),
    ...(trust === 'all' && place !== order.place ? [sharedName] : []),
  ];
}

function treeNotes(count: number): string[] {
  return count === 0
    ? []
    : [`${count} more working trees of the repository are not saved, their branches are.`];
}

const sharedName =
  'Another box of this name has saved meanwhile: this one saves beside it. Give each a BOX_NAME of its own.';
