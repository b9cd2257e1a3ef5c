import type { Settings } from '../../settings/settings.ts';
import { keyOf } from '../manifest.ts';
import type { RestoreOrder, RestoreReport, SaveOrder } from '../protocol.ts';
import { placeBeside, placeOf } from '../rescue-refs.ts';

/** Characters: what is shorter stands by chance in many a file. */
const shortestHanded = 12;

interface Facts {
  readonly settings: Settings;
  readonly bootId: string;
  readonly restored: RestoreReport | null;
  /** The clone's. */
  readonly folder: string;
}

/** What this boot has pushed, or tried to. */
export interface Saved {
  readonly place: string;
  /** All of them: which one arrived is not always known. */
  readonly manifests: readonly string[];
}

/** @param refs what was pushed, commits by reference.  @returns it with what was pushed before. */
export function addSaved(before: Saved | null, refs: Readonly<Record<string, string>>): Saved | null {
  const [ref, manifest] = Object.entries(refs).find(([name]) => name.endsWith('/manifest')) ?? [];
  if (ref === undefined || manifest === undefined) return before;
  return {
    place: ref.split('/').at(-2) ?? '',
    manifests: [...(before?.manifests ?? []), manifest].slice(-100),
  };
}

/** Plans the order for a rescue. */
export function planSave(
  { settings, bootId, restored, folder }: Facts,
  facts: {
    deadline: number;
    last: string | null;
    saved: Saved | null;
    /** See the order's; null while anything else runs as the agent. */
    ending: number | null;
  },
): SaveOrder {
  const { deadline, last, saved, ending } = facts;
  const { scope } = settings.rescue;
  const place = planPlace(secretsIn(settings)[0] ?? '', bootId, restored);
  const from = restored?.kind === 'restored' ? restored.place : place;
  return {
    ...baseOf(settings, { deadline, folder }),
    kind: 'save',
    place: saved?.place ?? place,
    former: [...new Set([from, place])].filter((one) => one !== (saved?.place ?? place)),
    mine: ownManifests(restored, saved),
    beside: placeBeside(place, bootId),
    scope: scope === 'off' ? null : scope,
    most: settings.rescue.size,
    secrets: [...secretsIn(settings), ...handedSecrets(settings)],
    last,
    ref: settings.repository?.ref ?? null,
    ending,
  };
}

/** On a kept workspace nothing was looked for: what stands there is what this one was before. */
function ownManifests(restored: RestoreReport | null, saved: Saved | null): string[] | null {
  if (restored === null) return null;
  const own = restored.kind === 'restored' && !restored.partial ? [restored.manifest] : [];
  return [...own, ...(saved?.manifests ?? [])];
}

export function planRestore(
  settings: Settings,
  facts: { readonly deadline: number; readonly folder: string; readonly target: string },
): RestoreOrder {
  const { target } = facts;
  return {
    ...baseOf(settings, facts),
    kind: 'restore',
    target,
    place: placeOf(secretsIn(settings)[0] ?? ''),
  };
}

/**
 * Where to save: what was restored is saved in its place again; what could not be restored, and may be wanted yet, is
 * not written over.
 */
function planPlace(secret: string, bootId: string, restored: RestoreReport | null): string {
  const own = placeOf(secret);
  const isWanted = restored?.kind === 'restored' && restored.partial;
  if (restored?.kind === 'failed' || restored?.kind === 'refused' || isWanted)
    return placeBeside(own, bootId);
  return restored?.kind === 'restored' && restored.place.startsWith(own) ? restored.place : own;
}

function baseOf(settings: Settings, { deadline, folder }: { deadline: number; folder: string }) {
  return {
    folder,
    url: settings.repository?.url ?? '',
    credential: settings.githubToken !== null,
    box: settings.boxName,
    keys: secretsIn(settings).map(keyOf),
    deadline,
    author: settings.git,
  };
}

function secretsIn({ githubToken, claude }: Settings): string[] {
  return [githubToken, ...claude.credentials.map(({ value }) => value)].filter((value) => value !== null);
}

/** Of what an operator has handed on, that which is called like a secret: any other may be a word of the work's own. */
function handedSecrets({ session }: Settings): string[] {
  return Object.entries(session.variables)
    .filter(
      ([name, value]) => /KEY|TOKEN|SECRET|PASS|CREDENTIAL/.test(name) && value.length >= shortestHanded,
    )
    .map(([, value]) => value);
}
