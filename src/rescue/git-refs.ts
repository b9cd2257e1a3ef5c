/** Where HEAD stands: on a branch, by its full name, or at a commit. */
export type GitHead = { readonly branch: string } | { readonly commit: string };

const id = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

export function isId(text: unknown): text is string {
  return typeof text === 'string' && id.test(text);
}

/** @param text the file HEAD.  @returns null for what is neither. */
export function parseHead(text: string | null): GitHead | null {
  const line = text?.trimEnd() ?? '';
  const [, branch] = /^ref: (refs\/heads\/[^\0-\x20~^:?*[\\\x7f]+)$/.exec(line) ?? [];
  if (branch !== undefined && !branch.includes('..')) return { branch };
  return isId(line) ? { commit: line } : null;
}

/** @param text the file packed-refs.  @returns ids by full name. */
export function parsePackedRefs(text: string | null): Map<string, string> {
  const lines = (text ?? '').split('\n').map((line) => /^([0-9a-f]{40,64}) (refs\/.+)$/.exec(line));
  return new Map(lines.filter((match) => match !== null).map(([, commit = '', name = '']) => [name, commit]));
}

/** @returns whether every line of it is one that git writes. */
export function isPackedRefs(text: string | null): boolean {
  const line = /^(|#.*|\^[0-9a-f]{40,64}|[0-9a-f]{40,64} refs\/.+)$/;
  return (text ?? '').split('\n').every((one) => line.test(one));
}

/** @param text the log of refs/stash.  @returns ids and messages, latest first. */
export function parseStashes(text: string | null): [id: string, message: string][] {
  const lines = (text ?? '')
    .split('\n')
    .map((line) => /^[0-9a-f]+ ([0-9a-f]{40,64}) [^\t]*\t(.*)$/.exec(line));
  const entries = lines.filter((match) => match !== null);
  return entries.map(([, commit = '', message = '']): [string, string] => [commit, message]).reverse();
}

/** @param text what ls-remote --symref prints.  @returns every reference, and the branch its HEAD names. */
export function parseRemote(text: string): { refs: Map<string, string>; branch: string | null } {
  const refs = new Map<string, string>();
  let branch: string | null = null;
  for (const line of text.split('\n')) {
    const [left = '', name = ''] = line.split('\t');
    if (left.startsWith('ref: ') && name === 'HEAD') branch = left.slice('ref: '.length);
    else if (isId(left) && name !== '') refs.set(name, left);
  }
  return { refs, branch };
}

/** Names of half-done work that live beside HEAD, and in folders. */
export const stateFiles = [
  ...['MERGE_HEAD', 'MERGE_MSG', 'MERGE_MODE', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'REBASE_HEAD', 'ORIG_HEAD'],
  ...['SQUASH_MSG', 'BISECT_START', 'BISECT_LOG', 'BISECT_TERMS', 'BISECT_NAMES', 'BISECT_EXPECTED_REV'],
];
export const stateFolders = ['rebase-merge', 'rebase-apply', 'sequencer'];

/** @param files state files by name.  @returns the commits they name whole, which must not be lost. */
export function commitsIn(files: ReadonlyMap<string, Buffer>): string[] {
  const short = [...files.values()].filter(({ length }) => length < 10_000);
  const words = short.flatMap((octets) => octets.toString('latin1').split(/[\s:]+/));
  return [...new Set(words.filter(isId))];
}

/** @returns what is half done, in git's own word; null for nothing. */
export function halfDone(names: readonly string[]): string | null {
  if (names.some((name) => name.startsWith('rebase-'))) return 'rebase';
  const marks = {
    MERGE_HEAD: 'merge',
    CHERRY_PICK_HEAD: 'cherry-pick',
    REVERT_HEAD: 'revert',
    BISECT_LOG: 'bisect',
  };
  return Object.entries(marks).find(([name]) => names.includes(name))?.[1] ?? null;
}
