import type { Why } from '../protocol.ts';

/** Why a remote does not take something: that is for the remote to say. */
export type RefusedWhy = Extract<Why, 'workflow' | 'limit' | 'scan' | 'rule'>;

/** What a remote has said that it does not take. */
export interface Refusals {
  /** By path; one that ends with a slash stands for a folder, one that begins with `*` for an ending. */
  readonly files: ReadonlyMap<string, RefusedWhy>;
  /** Ids of commits and files, whole or abbreviated. */
  readonly objects: ReadonlyMap<string, RefusedWhy>;
  /** Bytes that one file may have. */
  readonly largest: number | null;
  /** Bytes that one push may have. */
  readonly most: number | null;
}

export const nothingRefused: Refusals = { files: new Map(), objects: new Map(), largest: null, most: null };

export const workflows = '.github/workflows/';

/** @param file its path in the working tree, and its bytes.  @returns null where nothing is said against it. */
export function whyRefused(
  { files, largest }: Refusals,
  { path, size }: { readonly path: string; readonly size: number },
): RefusedWhy | null {
  for (const [name, why] of files) {
    if (path === name || (name.endsWith('/') && path.startsWith(name))) return why;
    if (name.startsWith('*') && path.endsWith(name.slice(1))) return why;
  }
  return largest !== null && size > largest ? 'limit' : null;
}

/** The same of an object of the history: by its id as well. */
export function whyRefusedObject(
  refusals: Refusals,
  object: { readonly id: string; readonly path: string; readonly size: number },
): RefusedWhy | null {
  for (const [id, why] of refusals.objects) if (object.id.startsWith(id)) return why;
  return object.path === '' ? null : whyRefused(refusals, object);
}

interface PushFacts {
  /** Every path that was pushed, as it stands in the working tree or in a commit. */
  readonly paths: ReadonlySet<string>;
  /** Commits that the rescue itself has made. */
  readonly own: readonly string[];
  /** Bytes. */
  readonly bytes: number;
  /** How often the remote was asked before: from the third time on a path stands for its folder. */
  readonly tries: number;
}

/**
 * Learns from a remote's own words what it does not take: words of GitHub's and GitLab's that are known, else whatever
 * they name that was pushed.
 * @returns all that is known now; null where there is nothing in them that was not known before.
 */
export function learnRefusals(
  before: Refusals,
  words: readonly string[],
  pushed: PushFacts,
): Refusals | null {
  const known = [...workflowsIn(words), ...scannedIn(words, pushed), ...largeIn(words), ...rulesIn(words)];
  const found = known.length > 0 ? known : namedIn(words, pushed);
  const files = new Map(before.files);
  const objects = new Map(before.objects);
  for (const { path, id, why } of found) {
    if (id !== undefined) objects.set(id, why);
    if (path === undefined) continue;
    const name = nameOf(path, pushed);
    files.set(files.has(name) || pushed.tries > 1 ? folderOf(name) : name, why);
  }
  const largest = limitIn(words) ?? before.largest;
  const most = tooMuch.test(words.join('\n')) ? Math.floor(pushed.bytes / 2) : before.most;
  const isNew =
    files.size > before.files.size || objects.size > before.objects.size || largest !== before.largest;
  return isNew || (most !== before.most && most !== 0) ? { files, objects, largest, most } : null;
}

interface Named {
  readonly path?: string;
  readonly id?: string;
  readonly why: RefusedWhy;
}

/** A token without the permission may touch none of them, whichever is named. */
function workflowsIn(words: readonly string[]): Named[] {
  return words.some((line) => /create or update workflow\b/.test(line))
    ? [{ path: workflows, why: 'workflow' }]
    : [];
}

/** What is found in a commit of the agent's own may be gone from the file by now: only the commit is refused. */
function scannedIn(words: readonly string[], { own }: PushFacts): Named[] {
  let commit = '';
  return words.flatMap((line): Named[] => {
    commit = /^\W*commit: ([0-9a-f]{7,64})$/.exec(line.trim())?.[1] ?? commit;
    const [, path] = /^\W*path: (.+?)(?::\d+)?$/.exec(line.trim()) ?? [];
    if (path === undefined) return [];
    const isOwn = commit === '' || own.some((id) => id.startsWith(commit));
    return [isOwn ? { path, why: 'scan' } : { id: commit, why: 'scan' }];
  });
}

function largeIn(words: readonly string[]): Named[] {
  return words.flatMap((line): Named[] => {
    const [, path] = /\bFile (.+) is [\d.]+ ?[KMG]?i?B; this exceeds /.exec(line) ?? [];
    return path === undefined ? [] : [{ path, why: 'limit' }];
  });
}

function limitIn(words: readonly string[]): number | null {
  const [, count, unit] = /exceeds?\b.* ([\d.]+) ?([KMG])i?B(?: limit)?\b/.exec(words.join('\n')) ?? [];
  if (count === undefined) return null;
  return Number(count) * 1024 ** (' KMG'.indexOf(unit ?? 'M') as 1 | 2 | 3);
}

const tooMuch = /pack exceeds maximum allowed size|push size|request entity too large/i;

function rulesIn(words: readonly string[]): Named[] {
  return words.flatMap((line): Named[] => {
    const [, ending] = /file extension "?(\.[\w.-]{1,20})"? is (?:not allowed|restricted)/i.exec(line) ?? [];
    return ending === undefined ? [] : [{ path: `*${ending}`, why: 'rule' }];
  });
}

/** Words nobody knows: what of them is the path or the id of something that was pushed. */
function namedIn(words: readonly string[], pushed: PushFacts): Named[] {
  const tokens = new Set(words.flatMap((line) => line.split(/[\s"'`,;()<>]+/)));
  return [...tokens].flatMap((token): Named[] => {
    const path = token.replace(/[:.!?]\d*$/, '');
    if (pushed.paths.has(nameOf(path, pushed))) return [{ path, why: 'rule' }];
    const isId = /^[0-9a-f]{7,64}$/.test(token) && !pushed.own.some((id) => id.startsWith(token));
    return isId ? [{ id: token, why: 'rule' }] : [];
  });
}

/** In the commit that holds the rest, what is staged stands below a folder of its own. */
function nameOf(path: string, { paths }: PushFacts): string {
  const inside = path.replace(/^(tree|unmerged\/\d)\//, '');
  return !paths.has(path) && paths.has(inside) ? inside : path;
}

function folderOf(path: string): string {
  const at = path.replace(/\/$/, '').lastIndexOf('/');
  return at < 0 || path.startsWith('*') ? path : path.slice(0, at + 1);
}
