import { halfDone } from '../git-refs.ts';
import { describeDamage } from '../rescue-text.ts';
import { moduleNotes } from './submodules.ts';
import type { Survey, Trust } from './survey.ts';

/** @returns whole sentences about what can't be saved as it is. */
export async function notesOf(
  { host, order, look, changes, history }: Survey,
  trust: Trust,
  place: string,
): Promise<string[]> {
  const half = halfDone([...look.state.keys()]);
  return [
    ...(trust === 'all' ? [] : [describeDamage(look.damage, trust, history.base)]),
    ...look.notes,
    ...history.notes,
    ...(trust === 'all' ? await moduleNotes(host, order, changes.entries) : []),
    ...(half === null ? [] : [`A ${half} is half done; it is saved as it stands.`]),
    ...(trust === 'all' && place !== order.place ? [sharedName] : []),
  ];
}

const sharedName =
  'Another box of this name has saved meanwhile: this one saves beside it. Give each a BOX_NAME of its own.';
