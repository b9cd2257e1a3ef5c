import type { Host } from '../../host/host.ts';
import { Git } from '../git.ts';
import { judgeManifest, type Manifest, mostManifest } from '../manifest.ts';
import type { RestoreOrder, RestoreReport } from '../protocol.ts';
import { askRemote, explainRemote } from '../remote.ts';
import { placesIn, refOf } from '../rescue-refs.ts';
import { describeLeftOut } from '../rescue-text.ts';
import { putBack } from './put-back.ts';
import { restoreMembers } from './restore-members.ts';
import { makeScratch, removeScratch, type Scratch } from './scratch.ts';

/** Places that are looked at: one an operator, and one for each boot that could not restore. */
const mostPlaces = 64;

interface Found {
  /** The commit that holds the manifest. */
  readonly commit: string;
  readonly place: string;
  readonly manifest: Manifest;
}

/** Puts back into a clean clone what this operator's box of this name saved last, as the agent. */
export async function restore(
  host: Pick<Host, 'run' | 'now' | 'uptime'>,
  order: RestoreOrder,
): Promise<RestoreReport> {
  const { folder } = order;
  const clone = new Git(host, { ...order, place: { gitDir: `${folder}/.git`, workTree: folder } });
  let scratch: Scratch | null = null;
  try {
    const timeout = Math.max(order.deadline - host.uptime(), 1);
    const { refs } = await askRemote(host, { ...order, timeout, only: [`refs/cloister/${order.box}/*`] });
    // Whoever may push can plant any number of others.
    const isOwn = (place: string) => Number(place === order.place);
    const places = placesIn(refs, order.box)
      .toSorted((one, other) => isOwn(other) - isOwn(one))
      .slice(0, mostPlaces);
    if (places.length === 0) return { kind: 'none' };
    const sha256 = [...refs.values()].some((id) => id.length === 64);
    scratch = makeScratch({ gitDir: `${folder}/.git`, commonDir: `${folder}/.git`, sha256, isOurs: true });
    const place = { gitDir: scratch.folder, workTree: folder };
    const own = new Git(host, { ...order, place });
    const { found, refusals } = await judgePlaces(own, order, { places, refs });
    const latest = found.toSorted((one, other) => other.manifest.time - one.manifest.time)[0];
    if (latest === undefined) return { kind: 'refused', reason: refusals.join('; ') };
    await fetch(clone, order, [refOf(order.box, latest.place, 'state')]);
    // A scratch shows the objects that were there when it was made: those just fetched need a new one.
    removeScratch(scratch.folder);
    scratch = makeScratch({ gitDir: `${folder}/.git`, commonDir: `${folder}/.git`, sha256 });
    const fresh = new Git(host, { ...order, place: { gitDir: scratch.folder, workTree: folder } });
    return await restorePlace(latest, { host, clone, own: fresh, order, refusals });
  } catch (error) {
    return { kind: 'failed', reason: explainRemote(error) };
  } finally {
    if (scratch !== null) removeScratch(scratch.folder);
  }
}

async function judgePlaces(
  git: Git,
  order: RestoreOrder,
  { places, refs }: { places: readonly string[]; refs: ReadonlyMap<string, string> },
): Promise<{ found: Found[]; refusals: string[] }> {
  const at = (place: string) => `refs/found/${place}`;
  await fetch(
    git,
    order,
    places.map((place) => `+${refOf(order.box, place, 'manifest')}:${at(place)}`),
  );
  const found: Found[] = [];
  const refusals: string[] = [];
  for (const place of places) {
    const commit = refs.get(refOf(order.box, place, 'manifest')) ?? '';
    const verdict = judgeManifest(await readManifest(git, at(place)), { ...order, repository: order.url });
    if (verdict.kind === 'own') found.push({ place, commit, manifest: verdict.manifest });
    else refusals.push(`${refOf(order.box, place, 'manifest')}: ${verdict.reason}`);
  }
  return { found, refusals };
}

async function fetch(git: Git, order: RestoreOrder, refspecs: readonly string[]): Promise<void> {
  const options = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--refmap='];
  const more = ['--recurse-submodules=no', '--', order.url, ...refspecs];
  await git.run(['fetch', ...options, ...more], order.credential ? { voice: 'operator' } : {});
}

/** @returns an empty text for what is no manifest at all, or too large for one. */
async function readManifest(git: Git, ref: string): Promise<string> {
  const object = `${ref}:manifest.json`;
  const size = Number(await git.text(['cat-file', '-s', object]).catch(() => 'none'));
  if (!(size <= mostManifest)) return '';
  // It was signed as the text it is, not as octets.
  const octets = await git.text(['cat-file', 'blob', object]).catch(() => '');
  return Buffer.from(octets, 'latin1').toString();
}

async function restorePlace(
  { place, commit, manifest }: Found,
  {
    refusals,
    ...parts
  }: {
    host: Pick<Host, 'run' | 'now' | 'uptime'>;
    clone: Git;
    own: Git;
    order: RestoreOrder;
    refusals: readonly string[];
  },
): Promise<RestoreReport> {
  const { clone, own, order } = parts;
  const here = (id: string) => clone.succeeds(['cat-file', '-e', `${id}^{commit}`]);
  if (!(await here(manifest.state)) || !(await here(manifest.work))) {
    const reason = `${refOf(order.box, place, 'state')}: it is not what the box saved`;
    return { kind: 'refused', reason: [...refusals, reason].join('; ') };
  }
  await putBack({ clone, own, held: manifest }, { isLinked: false });
  const missing = await restoreMembers(parts, manifest);
  const { branch } = manifest.head;
  return {
    kind: 'restored',
    place,
    manifest: commit,
    time: manifest.time,
    branch: branch?.replace('refs/heads/', '') ?? null,
    files: manifest.files,
    notes: [...missing, ...manifest.notes, ...describeLeftOut(manifest.leftOut)],
    partial: missing.length > 0,
  };
}
