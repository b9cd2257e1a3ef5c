import type { LeftOut, Why } from '../protocol.ts';
import { type Refusals, whyRefused } from './refusals.ts';
import { hasSecretName } from './secret-scan.ts';

/** A path whose content the index does not tell, or not any more. */
export interface Candidate {
  readonly path: string;
  readonly tracked: boolean;
  readonly kind: 'file' | 'link' | 'gone' | 'nested' | 'special' | 'unreadable' | 'deep';
  readonly mode: '100644' | '100755' | '120000';
  /** Bytes. */
  readonly size: number;
  /** The same only while nobody writes to it. */
  readonly stamp: string;
}

export interface Choice {
  readonly take: readonly Candidate[];
  readonly gone: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** Bytes of what is taken. */
  readonly bytes: number;
}

/** Chooses what is saved: of what may be, the largest stay behind until the rest fits. */
export function chooseFiles(
  candidates: readonly Candidate[],
  limits: { scope: 'tracked' | 'all'; most: number; refusals: Refusals },
): Choice {
  const leftOut: LeftOut[] = [];
  const may: Candidate[] = [];
  for (const candidate of candidates.filter(({ kind }) => kind !== 'gone')) {
    const why = whyNot(candidate, limits.scope) ?? whyRefused(limits.refusals, candidate);
    if (why === null) may.push(candidate);
    else leftOut.push({ path: candidate.path, why });
  }
  let bytes = may.reduce((sum, { size }) => sum + size, 0);
  const large = new Set<Candidate>();
  for (const candidate of may.toSorted((one, other) => other.size - one.size)) {
    if (bytes <= limits.most) break;
    bytes -= candidate.size;
    large.add(candidate);
    leftOut.push({ path: candidate.path, why: 'size' });
  }
  const all = candidates.filter(({ kind }) => kind === 'gone');
  const refused = (candidate: Candidate) => whyRefused(limits.refusals, candidate);
  leftOut.push(...all.flatMap((one) => refusedAs(one, refused(one))));
  const gone = all.filter((one) => refused(one) === null).map(({ path }) => path);
  return { take: may.filter((candidate) => !large.has(candidate)), gone, leftOut, bytes };
}

function refusedAs({ path }: Candidate, why: Why | null): LeftOut[] {
  return why === null ? [] : [{ path, why }];
}

function whyNot({ kind, path, tracked }: Candidate, scope: 'tracked' | 'all'): Why | null {
  if (kind === 'nested' || kind === 'special' || kind === 'unreadable' || kind === 'deep') return kind;
  if (hasSecretName(path)) return 'name';
  // A folder of this name, in any spelling, git takes into no tree.
  if (/(^|\/)\.git(\/|$)/i.test(path)) return 'nested';
  return scope === 'tracked' && !tracked ? 'untracked' : null;
}
