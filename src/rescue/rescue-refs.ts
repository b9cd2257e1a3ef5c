import { createHmac } from 'node:crypto';

/** The three references of one place: what proves it, what it holds for a machine, and for people. */
export const parts = ['manifest', 'state', 'work'] as const;

const form = /^[0-9a-f]{8}(-[0-9a-f]{8})?$/;

/**
 * The place of an operator's rescue among those of other operators whose boxes have the same name: nobody writes
 * over what is not his. It tells nothing of the secret.
 */
export function placeOf(secret: string): string {
  return createHmac('sha256', secret).update('cloister rescue place').digest('hex').slice(0, 8);
}

export function isPlace(text: unknown): text is string {
  return typeof text === 'string' && form.test(text);
}

/** @returns a place beside that one, for a boot that must not write over what it could not restore. */
export function placeBeside(place: string, bootId: string): string {
  return `${place.slice(0, 8)}-${bootId.replaceAll('-', '').slice(0, 8).toLowerCase()}`;
}

export function refOf(box: string, place: string, part: (typeof parts)[number]): string {
  return `refs/cloister/${box}/${place}/${part}`;
}

/** @param refs every reference of a remote.  @returns the places of this box that have all three. */
export function placesIn(refs: ReadonlyMap<string, string>, box: string): string[] {
  const prefix = `refs/cloister/${box}/`;
  const names = [...refs.keys()].filter((ref) => ref.startsWith(prefix) && ref.endsWith('/manifest'));
  const places = names.map((ref) => ref.slice(prefix.length, -'/manifest'.length));
  return places.filter((place) => isPlace(place) && refs.has(refOf(box, place, 'state')));
}
