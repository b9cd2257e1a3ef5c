import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LeftOut } from './order.ts';

/** What a rescue holds. Commit ids name their whole content, so the MAC over this proves all of it. */
export interface Manifest {
  readonly version: 1;
  readonly box: string;
  readonly repository: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Commit that holds index, state files and, as parents, everything else. */
  readonly state: string;
  /** Commit whose tree is the working tree. */
  readonly work: string;
  readonly head: { readonly branch: string | null; readonly commit: string | null };
  /** Local branches and tags the remote has not, by full name. */
  readonly refs: readonly (readonly [name: string, id: string])[];
  /** Stashed changes, latest first. */
  readonly stashes: readonly (readonly [id: string, message: string])[];
  /** False: the index could not be saved, and is as HEAD has it. */
  readonly index: boolean;
  readonly files: number;
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

export type Verdict =
  | { readonly kind: 'own'; readonly manifest: Manifest }
  | { readonly kind: 'foreign'; readonly reason: string };

/** Judges a text that stood where a manifest of this box belongs. Anybody may have put it there. */
export function judgeManifest(
  text: string,
  expected: { keys: readonly string[]; box: string; repository: string },
): Verdict {
  const foreign = (reason: string): Verdict => ({ kind: 'foreign', reason });
  const signed = parse(text.slice(0, mostManifest)) as { body?: unknown; macs?: unknown } | null;
  if (typeof signed?.body !== 'string' || !Array.isArray(signed.macs)) return foreign('it is no manifest');
  const { body } = signed;
  const macs = signed.macs.filter((mac) => typeof mac === 'string').slice(0, 8);
  if (!expected.keys.some((key) => macs.some((mac) => isSame(mac, macOf(key, body))))) {
    return foreign('no secret of this box has signed it');
  }
  // From here on it is what a box of this operator wrote.
  const manifest = parse(body) as Manifest;
  if (manifest.version !== 1) return foreign('another version of the box wrote it');
  if (manifest.box !== expected.box) return foreign(`it is of the box ${manifest.box}`);
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
