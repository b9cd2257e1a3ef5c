/** How a branch of the clone stands to the same branch upstream. */
export interface BranchStanding {
  readonly branch: string;
  /** What would be synced: commits upstream that are not here, and the other way. */
  readonly behind: number;
  readonly ahead: number;
  /** The branch is checked out. */
  readonly current: boolean;
  readonly dirty: boolean;
}

export type SyncPlan =
  | { readonly kind: 'nothing' }
  /** Not touched, and why; one line for the model. */
  | { readonly kind: 'leave'; readonly why: string }
  | { readonly kind: 'merge' }
  /** The branch is not checked out: its ref moves alone. */
  | { readonly kind: 'move' };

/** @param text of `git ls-remote --symref URL HEAD`.  @returns the default branch, or null. */
export function parseDefaultBranch(text: string): string | null {
  const [, branch] = /^ref: refs\/heads\/([A-Za-z0-9][A-Za-z0-9._/-]{0,200})\tHEAD$/m.exec(text) ?? [];
  return branch === undefined || branch.includes('..') || branch.endsWith('.lock') ? null : branch;
}

/** Decides: only ever forward, and never under work that is not committed. */
export function planSync({ branch, behind, ahead, current, dirty }: BranchStanding): SyncPlan {
  if (behind === 0) return { kind: 'nothing' };
  const behindBy = `${branch} is ${commits(behind)} behind upstream/${branch}`;
  if (ahead > 0)
    return { kind: 'leave', why: `${behindBy} and ${commits(ahead)} ahead of it: it was not touched.` };
  if (!current) return { kind: 'move' };
  if (dirty) return { kind: 'leave', why: `${behindBy}; it was not touched, for there are local changes.` };
  return { kind: 'merge' };
}

/** @returns one line for the model about a branch that was brought forward. */
export function renderSynced({ branch, behind }: BranchStanding): string {
  return `${branch} was fast-forwarded by ${commits(behind)} to upstream/${branch}.`;
}

/** Renders the answer to Claude Code at a session's start. */
export function renderStart(line: string): string {
  const hookSpecificOutput = { hookEventName: 'SessionStart', additionalContext: line };
  return JSON.stringify({ hookSpecificOutput });
}

function commits(count: number): string {
  return count === 1 ? '1 commit' : `${count} commits`;
}
