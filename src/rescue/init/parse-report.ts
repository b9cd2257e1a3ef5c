import { printable } from '../../core/printable.ts';
import { isId } from '../git-refs.ts';
import { isCount, parseList } from '../held.ts';
import { isTime, parseLeftOut } from '../manifest.ts';
import type { RestoreReport, SaveReport } from '../protocol.ts';
import { isPlace } from '../rescue-refs.ts';

/** Characters of one sentence, and how many sentences. */
const longest = 2000;
const mostNotes = 30;

type Said = Readonly<Record<string, unknown>>;

/**
 * Reads what the rescue program answers. It is ours, but runs as the agent, and tells what repositories and manifests
 * say: of another form than it should be nothing of it is believed, and no text is more than one printable line.
 * Throws for what is no report.
 */
export function parseSaveReport(text: string): SaveReport {
  const said = parseObject(text);
  const report = said === null ? null : saveReportOf(said);
  if (report === null) throw new Error('the rescue program answered with what is no report');
  return report;
}

/** The same for a restore. */
export function parseRestoreReport(text: string): RestoreReport {
  const said = parseObject(text);
  const report = said === null ? null : restoreReportOf(said);
  if (report === null) throw new Error('the rescue program answered with what is no report');
  return report;
}

function saveReportOf(said: Said): SaveReport | null {
  const { kind, fingerprint } = said;
  switch (kind) {
    case 'unchanged':
      return { kind };
    case 'failed':
      return { kind, reason: lineOf(said.reason) };
    case 'nothing':
      return isPrint(fingerprint) ? { kind, fingerprint, reason: lineOf(said.reason) } : null;
    case 'pushed':
      return pushedOf(said);
    default:
      return null;
  }
}

function pushedOf(said: Said): SaveReport | null {
  const { fingerprint, branch, commits, files, bytes, partial } = said;
  const refusal = lineOf(said.refusal ?? '');
  const refs = refsOf(said.refs);
  const leftOut = parseLeftOut(said.leftOut);
  const notes = notesOf(said.notes);
  if (refs === null || leftOut === null || notes === null || !isPrint(fingerprint)) return null;
  if (!isCount(commits) || !isCount(files) || !isCount(bytes) || !isName(branch)) return null;
  if (typeof partial !== 'boolean') return null;
  return {
    kind: 'pushed',
    fingerprint,
    refs,
    branch,
    commits,
    files,
    bytes,
    leftOut,
    notes,
    partial,
    refusal,
  };
}

function restoreReportOf(said: Said): RestoreReport | null {
  const { kind, place } = said;
  if (kind === 'none') return { kind };
  if (kind === 'refused' || kind === 'failed') return { kind, reason: lineOf(said.reason) };
  const notes = notesOf(said.notes);
  if (kind !== 'restored' || notes === null || !isPlace(place) || !tellsRestored(said)) return null;
  const { manifest, time, branch, files } = said;
  return { kind, place, manifest, time, branch, files, notes, partial: said.partial === true };
}

/** Of which rescue: what the manifest says of itself. */
export function tellsRestored(
  said: Said,
): said is Said & { manifest: string; time: number; branch: string | null; files: number } {
  return isId(said.manifest) && isTime(said.time) && isCount(said.files) && isName(said.branch);
}

function parseObject(text: string): Said | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Said | null) : null;
  } catch {
    return null;
  }
}

/** References of ours alone: an operator is told how to fetch them. */
function refsOf(value: unknown): Record<string, string> | null {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const good = entries.every(([ref, id]) => /^refs\/cloister\/[A-Za-z0-9._/-]{1,300}$/.test(ref) && isId(id));
  return good && entries.length > 0 && entries.length <= 8 ? Object.fromEntries(entries) : null;
}

function notesOf(value: unknown): string[] | null {
  const notes = parseList(value, (note) => (typeof note === 'string' ? lineOf(note) : null));
  return notes === null ? null : notes.slice(0, mostNotes);
}

function lineOf(value: unknown): string {
  const line = printable(String(value).slice(0, 2 * longest));
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

function isPrint(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{0,64}$/.test(value);
}

function isName(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length < 5000);
}
