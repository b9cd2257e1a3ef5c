import { isId, parseHead } from './git-refs.ts';

/** What is held of one working tree. Commit ids name their whole content. */
export interface Held {
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
}

/** @returns what is told, where every part of it has its form. */
export function heldOf(said: Partial<Held>): Held | null {
  const { state, work, head, index, files } = said;
  const refs = parseList(said.refs, (pair) =>
    isPair(pair) && isRef(pair[0]) && isId(pair[1]) ? pair : null,
  );
  const stashes = parseList(said.stashes, (pair) => (isPair(pair) && isId(pair[0]) ? pair : null));
  if (refs === null || stashes === null || typeof index !== 'boolean') return null;
  if (!isCount(files) || !isId(state) || !isId(work) || !isHead(head)) return null;
  const { branch, commit } = head;
  return { state, work, head: { branch, commit }, refs, stashes, index, files };
}

function isHead(value: unknown): value is Held['head'] {
  if (typeof value !== 'object' || value === null) return false;
  const { branch, commit } = value as Partial<Held['head']>;
  if (commit !== null && !isId(commit)) return false;
  if (branch === null) return commit !== null;
  return typeof branch === 'string' && parseHead(`ref: ${branch}`) !== null;
}

function isRef(name: string): boolean {
  return /^refs\/(heads|tags)\/[^\0-\x20\x7f]+$/.test(name);
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'string');
}

/** @returns the items, or null where one of them is none. */
export function parseList<Item>(value: unknown, parseItem: (item: unknown) => Item | null): Item[] | null {
  if (!Array.isArray(value)) return null;
  const items = value.map(parseItem).filter((item) => item !== null);
  return items.length === value.length ? items : null;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
