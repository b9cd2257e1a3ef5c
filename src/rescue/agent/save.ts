import type { Host } from '../../host/host.ts';
import { Git } from '../git.ts';
import type { SaveOrder, SaveReport } from '../protocol.ts';
import { explainRemote, RemoteError } from '../remote.ts';
import { type Look, look } from './look-at-repository.ts';
import { makeRoom } from './rooms.ts';
import { saveSurveyed } from './save-surveyed.ts';
import { makeScratch, removeLeftovers, removeScratch } from './scratch.ts';
import { type Asked, ask, surveyDamaged, surveyWhole, type Trust, trusts } from './survey.ts';

type Program = Pick<Host, 'run' | 'now' | 'uptime' | 'uid'>;

/** Saves what the agent has done, as the agent, without touching anything of its own. */
export async function save(host: Program, order: SaveOrder): Promise<SaveReport> {
  try {
    const seen = look(order.folder);
    if (seen === null)
      return { kind: 'nothing', fingerprint: '', reason: `there is no file in ${order.folder}` };
    removeLeftovers(host.now());
    await makeRoom(host, order);
    return await saveLooked(host, order, seen);
  } catch (error) {
    return { kind: 'failed', reason: explainRemote(error) };
  }
}

/** Tries to save all there is; what can't be believed is left out of the next try. */
async function saveLooked(host: Program, order: SaveOrder, seen: Look): Promise<SaveReport> {
  let asked: Promise<Asked> | null = null;
  const remote = () => {
    asked ??= ask(host, order);
    return asked;
  };
  const damage = [...seen.damage];
  for (const trust of damage.length === 0 ? trusts : trusts.slice(1)) {
    try {
      return await attempt({ host, order, look: { ...seen, damage: [...damage] }, remote }, trust);
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      damage.push(explainRemote(error).replace(ownFolder, ''));
    }
  }
  return { kind: 'failed', reason: damage.join('; ') };
}

/** It has another name each time, and what is damaged is the same. */
const ownFolder = /\S*\/\.cloister-rescue-\w+\/?/g;

interface Attempt {
  readonly host: Program;
  readonly order: SaveOrder;
  readonly look: Look;
  readonly remote: () => Promise<Asked>;
}

/** Each but the last leaves time for the next: what is damaged may hold git as well as end it. */
const share = 0.6;

async function attempt(facts: Attempt, trust: Trust): Promise<SaveReport> {
  const { host, order, look: seen } = facts;
  const sha256 = seen.sha256 || (trust === 'files' && isSha256(await facts.remote()));
  const scratch = makeScratch({ ...seen, commonDir: trust === 'files' ? null : seen.commonDir, sha256 });
  try {
    const place = { gitDir: scratch.folder, workTree: scratch.shadow, index: `${scratch.folder}/index` };
    const left = Math.max(order.deadline - host.uptime(), 1);
    const until = trust === 'files' ? order.deadline : host.uptime() + share * left;
    const git = new Git(host, { ...order, place, deadline: until });
    const survey =
      trust === 'all'
        ? await surveyWhole({ ...facts, git, until })
        : await surveyDamaged({ ...facts, git, until }, trust);
    if (survey === null) return { kind: 'unchanged' };
    const whole = new Git(host, { ...order, place });
    return await saveSurveyed({ ...survey, git: whole }, { trust, odd: [...seen.odd, ...scratch.odd] });
  } finally {
    removeScratch(scratch.folder);
  }
}

function isSha256({ refs }: Asked): boolean {
  return [...refs.values()].some((id) => id.length === 64);
}
