import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Held, heldOf, isCount, parseList } from './held.ts';
import { type Member, membersOf } from './member.ts';
import { type LeftOut, whys } from './protocol.ts';

/** What a rescue holds. The MAC over this proves all of it. */
export interface Manifest extends Held {
  readonly version: 1;
  readonly box: string;
  readonly repository: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly members: readonly Member[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

/** Characters of a manifest that is still one. */
export const mostManifest = 1_000_000;

/** @returns the key for rescues that belongs to a secret of the box. */
export function keyOf(secret: string): string {
  return createHmac('sha256', secret).update('cloister rescue key').digest('hex');
}

/** One MAC for each secret: a box whose token was changed meanwhile still knows its own by the other. */
export function signManifest(manifest: Manifest, keys: readonly string[]): string {
  const body = JSON.stringify(manifest);
  return JSON.stringify({ body, macs: keys.map((key) => macOf(key, body)) });
}

export type ManifestVerdict =
  | { readonly kind: 'own'; readonly manifest: Manifest }
  | { readonly kind: 'foreign'; readonly reason: string };

/** Judges a text that stood where a manifest of this box belongs. Anybody may have put it there. */
export function judgeManifest(
  text: string,
  expected: { keys: readonly string[]; box: string; repository: string },
): ManifestVerdict {
  const foreign = (reason: string): ManifestVerdict => ({ kind: 'foreign', reason });
  const signed = parse(text.slice(0, mostManifest)) as { body?: unknown; macs?: unknown } | null;
  if (typeof signed?.body !== 'string' || !Array.isArray(signed.macs)) return foreign('it is no manifest');
  const { body } = signed;
  const macs = signed.macs.filter((mac) => typeof mac === 'string').slice(0, 8);
  if (!isSigned(body, macs, expected.keys)) return foreign('no secret of this box has signed it');
  // Whoever has the secrets may have signed it: the agent has them.
  const said = parse(body) as Partial<Manifest> | null;
  if (said?.version !== 1) return foreign('another version of the box wrote it');
  const manifest = manifestOf(said);
  if (manifest === null) return foreign('it is signed, but is no manifest');
  if (manifest.box !== expected.box) return foreign(`it is of the box ${manifest.box.slice(0, 100)}`);
  if (plain(manifest.repository) !== plain(expected.repository))
    return foreign('it is of another repository');
  return { kind: 'own', manifest };
}

/** The spellings of one repository's URL. */
function plain(url: string): string {
  return url
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .toLowerCase();
}

export function isSigned(body: string, macs: readonly string[], keys: readonly string[]): boolean {
  return keys.some((key) => macs.some((mac) => isSame(mac, macOf(key, body))));
}

function macOf(key: string, body: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(body).digest('hex');
}

function isSame(given: string, wanted: string): boolean {
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @returns what is signed, where every part of it has its form. */
export function manifestOf(said: Partial<Manifest>): Manifest | null {
  const { box, repository, time } = said;
  const held = heldOf(said);
  const members = membersOf(said.members);
  const notes = parseList(said.notes, (note) => (typeof note === 'string' ? note : null));
  const leftOut = parseLeftOut(said.leftOut);
  if (held === null || members === null || notes === null || leftOut === null) return null;
  if (typeof box !== 'string' || typeof repository !== 'string' || !isTime(time)) return null;
  return { version: 1, box, repository, time, ...held, members, leftOut, notes };
}

export function parseLeftOut(value: unknown): LeftOut[] | null {
  return parseList(value, (item) => {
    const { path, why, more } = (item ?? {}) as Partial<LeftOut>;
    if (typeof path !== 'string' || why === undefined || !whys.includes(why)) return null;
    if (more === undefined) return { path, why };
    return isCount(more) ? { path, why, more } : null;
  });
}

/** Milliseconds since the epoch that a date can show in four digits of a year. */
export function isTime(value: unknown): value is number {
  return isCount(value) && value < Date.UTC(9999, 0);
}
