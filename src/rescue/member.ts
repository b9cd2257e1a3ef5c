import { type Held, heldOf, parseList } from './held.ts';

/** A working tree that belongs to the repository: a linked one, or a submodule. */
export interface Member extends Held {
  readonly kind: 'worktree' | 'submodule';
  /** By which the git directory knows it. */
  readonly name: string;
  /** From the repository's folder; a linked one may stand beside it, or below /tmp. Octets, one to a character. */
  readonly path: string;
  /** Where a submodule comes from; empty for a linked one. */
  readonly url: string;
}

const mostMembers = 40;

/** @returns null for what is no list of them. Older boxes have written none. */
export function membersOf(value: unknown): Member[] | null {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length > mostMembers) return null;
  return parseList(value, (item) => {
    const said = (item ?? {}) as Partial<Member>;
    const held = heldOf(said);
    const { kind, name, path, url } = said;
    if (held === null || (kind !== 'worktree' && kind !== 'submodule')) return null;
    if (!isPlainPath(name) || typeof url !== 'string' || typeof path !== 'string') return null;
    const isGood = kind === 'worktree' ? isWorktreePath(path) : isPlainPath(path) && isUrl(url);
    return isGood ? { kind, name, path, url, ...held } : null;
  });
}

/** A folder in the repository, beside it, or below /tmp. */
export function isWorktreePath(path: string): boolean {
  return isPlainPath(path.replace(/^(\.\.\/|\/tmp\/)/, ''));
}

/** Neither leads out of its folder, nor into a git directory. */
export function isPlainPath(path: unknown): path is string {
  if (typeof path !== 'string' || path.length > 1000 || path.includes('\0')) return false;
  return path.split('/').every((part) => !['', '.', '..'].includes(part) && part.toLowerCase() !== '.git');
}

/** Nothing that git would take for an option, or for a helper of its own. */
export function isUrl(url: string): boolean {
  return /^(https|file):\/\/[^\0-\x20\x7f]{1,2000}$/.test(url);
}
