import type { Git } from '../git.ts';
import { halfDone } from '../git-refs.ts';
import type { Changes } from './changes.ts';
import type { History } from './history.ts';
import type { Look } from './look-at-repository.ts';
import type { MemberSurvey } from './survey-members.ts';

/**
 * Whether a fresh clone would have all there is: then a rescue is not only needless, an old one would bring back
 * what has been left behind. A branch that is merely behind the remote's is no work.
 */
export async function isClean(facts: {
  readonly git: Git;
  readonly look: Look;
  readonly changes: Changes;
  readonly history: History;
  readonly indexTree: string;
  readonly remote: { readonly refs: ReadonlyMap<string, string>; readonly branch: string | null };
  readonly members: MemberSurvey;
  /** The branch or tag that a clone comes up with. */
  readonly ref: string | null;
}): Promise<boolean> {
  const { git, look, changes, history, indexTree, remote, ref } = facts;
  const { head } = look;
  // A socket is no work, nor is a pipe.
  const work = changes.candidates.filter(({ kind, tracked }) => tracked || kind !== 'special');
  if (history.isBroken || work.length > 0 || look.stashes.length > 0 || history.commits > 0) return false;
  if (facts.members.members.some((member) => !member.isIdle)) return false;
  if (!history.headSaved || !history.indexSaved || halfDone([...look.state.keys()]) !== null) return false;
  if (changes.entries.some(({ stage }) => stage > 0)) return false;
  if (look.commit === null && changes.entries.length === 0 && look.refs.size === 0) return true;
  const comesUp = ref === null ? remote.branch : `refs/heads/${ref}`;
  const there =
    head !== null && 'branch' in head
      ? head.branch === comesUp
      : head?.commit === taggedCommit(remote.refs, ref);
  if (!there || [...look.refs.keys()].some((name) => !remote.refs.has(name))) return false;
  if (look.commit === null) return changes.entries.length === 0;
  return (await git.text(['rev-parse', `${look.commit}^{tree}`])) === indexTree;
}

/** An annotated tag's commit stands under a name of its own. */
function taggedCommit(refs: ReadonlyMap<string, string>, ref: string | null): string | undefined {
  return refs.get(`refs/tags/${ref}^{}`) ?? refs.get(`refs/tags/${ref}`);
}
