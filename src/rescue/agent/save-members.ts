import { namesIn, statOf } from '../../host/agent-files.ts';
import { Git } from '../git.ts';
import { isUrl } from '../member.ts';
import type { LeftOut } from '../protocol.ts';
import { askRemote, explainRemote, visibilityOf } from '../remote.ts';
import { chooseFiles } from './choose.ts';
import { originOf, trackedIds } from './find-members.ts';
import { present } from './git-objects.ts';
import { planHistory } from './history.ts';
import { withLargeFiles } from './large-files.ts';
import { type Made, makeCommits } from './make-commits.ts';
import { nothingRefused, type Refusals, whyRefused } from './refusals.ts';
import { noneSaved, type SavedMembers } from './saved-members.ts';
import type { Survey } from './survey.ts';
import { type SurveyedMember, titleOf } from './survey-members.ts';

/** Octets of a pack: it is read whole where it is put back. */
const mostPack = 50_000_000;

/** Of the time that is left, the most one of them may take. */
const share = 0.4;

type Parts = Survey & { readonly room: number; readonly refusals: Refusals };

/** Makes commits of each as long as there is room. */
export async function saveMembers(survey: Parts): Promise<SavedMembers> {
  const { host, order, members } = survey;
  let all: SavedMembers = { ...noneSaved, notes: members.notes, isBroken: members.isBroken };
  for (const [number, seen] of members.members.entries()) {
    const parts = { ...survey, room: survey.room - all.bytes };
    // What the repository itself has to save must not wait for all of them.
    const deadline = host.uptime() + share * Math.max(order.deadline - host.uptime(), 1);
    const member = { ...seen, git: new Git(host, { ...order, place: seen.git.place, deadline }) };
    const save =
      member.kind === 'worktree'
        ? saveTree(parts, member)
        : saveModule(parts, member, `members/${number}.pack`);
    const one = await save.catch((error: unknown) => ({
      ...noneSaved,
      notes: [`${titleOf(member)} is not saved: ${explainRemote(error)}.`],
      isBroken: true,
    }));
    all = {
      members: [...all.members, ...one.members],
      tips: [...all.tips, ...one.tips],
      packs: new Map([...all.packs, ...one.packs]),
      notes: [...all.notes, ...one.notes],
      leftOut: [...all.leftOut, ...one.leftOut],
      paths: [...all.paths, ...one.paths],
      files: all.files + one.files,
      bytes: all.bytes + one.bytes,
      isBroken: all.isBroken || one.isBroken,
    };
  }
  return all;
}

/** Its commits are the repository's own. */
async function saveTree(parts: Parts, member: SurveyedMember): Promise<SavedMembers> {
  const known = [...(await present(member.git, [...new Set(parts.remote.refs.values())])).keys()];
  const { saved, made } = await makeMember(parts, member, { known, url: '', refusals: parts.refusals });
  return { ...saved, tips: [made.state, made.work] };
}

/** Of what its own remote has no more than the names are pushed: the rest goes as one pack, which is no commit here. */
async function saveModule(parts: Parts, member: SurveyedMember, path: string): Promise<SavedMembers> {
  const { git } = member;
  const url = await originOf(git, member.look.commonDir);
  const not = (why: string): SavedMembers => ({
    ...noneSaved,
    notes: [`${titleOf(member)} has work of its own, which is not saved: ${why}.`],
  });
  if (!isUrl(url)) return not('where it comes from can’t be told');
  const { host, order } = parts;
  const timeout = Math.max(order.deadline - host.uptime(), 1);
  if (parts.remote.scope === 'tracked' && (await visibilityOf(host, { url, timeout })) !== 'public')
    return not('it may be private, and the repository is not');
  const credential = order.credential && url.startsWith('https://github.com/');
  const asked = await askRemote(host, { url, credential, timeout }).then(
    ({ refs }) => [...refs.values()],
    () => trackedIds(member.look.commonDir),
  );
  const known = [...(await present(git, [...new Set(asked)])).keys()];
  const { saved, made } = await makeMember(parts, member, { known, url, refusals: nothingRefused });
  const file = await packOf(git, made.state, known);
  const size = statOf(file)?.size ?? 0;
  if (size > Math.min(mostPack, parts.room) || whyRefused(parts.refusals, { path, size }) !== null)
    return not('it is too large');
  return { ...saved, packs: new Map([[path, file]]), paths: [path], bytes: size };
}

/** @returns the file that holds what leads to the commit from those that are known. */
async function packOf(git: Git, commit: string, known: readonly string[]): Promise<string> {
  const folder = git.place.gitDir;
  const asked = [commit, ...known.map((id) => `^${id}`), ''].join('\n');
  await git.run(['pack-objects', '--revs', '--quiet', `${folder}/member`], { stdin: asked });
  const name = namesIn(folder).find((one) => /^member-.*\.pack$/.test(one));
  if (name === undefined) throw new Error('git pack-objects made no pack');
  return `${folder}/${name}`;
}

async function makeMember(
  parts: Parts,
  member: SurveyedMember,
  facts: { known: readonly string[]; url: string; refusals: Refusals },
): Promise<{ saved: SavedMembers; made: Made }> {
  const { order, newScan, remote, room } = parts;
  const { git, look, changes, indexTree, kind, name, path } = member;
  const { known, url, refusals } = facts;
  const staged = { changes, indexTree };
  const history = await planHistory({ git, look, staged, known, most: room, newScan, refusals });
  const { candidates } = await withLargeFiles(git, changes, { ...look, history });
  const choice = chooseFiles(candidates, {
    scope: remote.scope,
    most: room - history.bytes,
    refusals,
  });
  const own = { ...parts, order: { ...order, folder: member.folder }, git, look, changes, history, refusals };
  const made = await makeCommits({ ...own, choice, notes: [], startTree: indexTree, saved: noneSaved });
  const inPath = (one: LeftOut): LeftOut => ({ ...one, path: `${path}/${one.path}` });
  const saved: SavedMembers = {
    ...noneSaved,
    members: [{ kind, name, path, url, ...made.held }],
    notes: history.notes.map((note) => `${titleOf(member)}: ${note}`),
    leftOut: made.leftOut.map(inPath),
    paths: [...choice.take.map((one) => one.path), ...history.paths],
    files: made.files,
    bytes: made.bytes + history.bytes,
  };
  return { saved, made };
}
