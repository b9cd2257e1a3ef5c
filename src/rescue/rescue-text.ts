import type { Level } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import type { LeftOut, Pushed, RestoreReport, SaveReport, Why } from './protocol.ts';

const reasons: Readonly<Record<Why, string>> = {
  untracked: 'not tracked, and the repository is not known to be private',
  name: 'called like a secret',
  content: 'holds what looks like a secret',
  size: 'more than RESCUE_SIZE allows',
  nested: 'a repository of its own',
  special: 'no plain file',
  changed: 'changed while it was read',
  unreadable: 'cannot be read',
  deep: 'a path too deep or too long',
  workflow: 'the remote takes workflows only by a token that may change them: GH_PAT lacks *Workflows*',
  limit: 'larger than the remote takes',
  scan: "the remote's secret scan does not let it in",
  rule: 'a rule of the remote does not let it in',
};

const mostNamed = 10;
/** Paths of one reason that are kept at all. */
const mostKept = 100;

/** @param name octets, one to a character.  @returns it on one line of at most 120 characters. */
export function printableName(name: string): string {
  const octets = Buffer.from(name, 'latin1');
  const text = octets.toString('utf8');
  const readable = Buffer.from(text).equals(octets) ? text : name.replace(/[^\x20-\x7e]/g, '?');
  const line = printable(readable.replace(/[\r\n]/g, '?'));
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** @returns the first paths of each reason, with the count of those that are not named. */
export function condense(leftOut: readonly LeftOut[]): LeftOut[] {
  const whys = [...new Set(leftOut.map(({ why }) => why))];
  return whys.flatMap((why) => {
    const paths = [...new Set(leftOut.filter((one) => one.why === why).map(({ path }) => path))];
    const more = Math.max(paths.length - mostKept, 0);
    const kept = paths.slice(0, mostKept).map((path): LeftOut => ({ path, why }));
    return more === 0 ? kept : [...kept.slice(0, -1), { path: paths[mostKept - 1] ?? '', why, more }];
  });
}

/** @returns one clause a reason: how many were left out, and which. */
export function describeLeftOut(leftOut: readonly LeftOut[]): string[] {
  const whys = [...new Set(leftOut.map(({ why }) => why))];
  return whys.map((why) => {
    const those = leftOut.filter((one) => one.why === why);
    const count = those.reduce((sum, { more = 0 }) => sum + 1 + more, 0);
    const named = those.slice(0, mostNamed).map(({ path }) => printableName(path));
    const more = count > named.length ? ` and ${count - named.length} more` : '';
    return `left out (${reasons[why]}): ${named.join(', ')}${more}`;
  });
}

/** @param bytes a count.  @returns it in words. */
export function describeSize(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** @param commit on which the files are saved; null: on none.  @returns what is said of a git directory that is not as it should be. */
export function describeDamage(
  damage: readonly string[],
  trust: 'commits' | 'files',
  commit: string | null,
): string {
  const lost =
    trust === 'commits'
      ? 'What was staged or half done'
      : 'What only it held of commits, branches and stashes';
  const on = commit === null ? 'on no commit' : `on the commit ${commit.slice(0, 12)}`;
  const why = damage.map(printableLine).join('; ');
  return `The git directory could not be read as it is (${why}): the files are saved ${on}. ${lost} is not saved.`;
}

function printableLine(text: string): string {
  const line = printable(text.replace(/[\r\n]/g, ' '));
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What to say of a rescue, in the log and on the store. */
export interface RescueTold {
  readonly level: Level;
  /** Null: nothing worth a line. */
  readonly event: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Null: what was said before still holds. */
  readonly said: string | null;
}

/** @param facts.url that of the repository.  @param facts.time milliseconds since the epoch. */
export function describeSave(report: SaveReport, { url, time }: { url: string; time: number }): RescueTold {
  const at = renderTime(time);
  switch (report.kind) {
    case 'unchanged':
      return { level: 'debug', event: 'rescue.unchanged', fields: {}, said: null };
    case 'nothing':
      return {
        level: 'info',
        event: 'rescue.nothing',
        fields: { reason: report.reason },
        said: `nothing to save at ${at}: ${report.reason}`,
      };
    case 'failed':
      return {
        level: 'error',
        event: 'rescue.failed',
        fields: { reason: printable(report.reason) },
        said: `FAILED at ${at}: ${printable(report.reason)}`,
      };
    case 'pushed':
      return describePushed(report, url, at);
  }
}

function describePushed(report: Pushed, url: string, at: string): RescueTold {
  const { branch, commits, files, bytes, leftOut, notes, refusal } = report;
  const where = Object.keys(report.refs).find((ref) => ref.endsWith('/work')) ?? '';
  const whole = `${plural(files, 'changed file')} and ${plural(commits, 'new commit')}, ${describeSize(bytes)}`;
  const on = branch === null ? 'at no branch' : `on ${printableName(branch)}`;
  const words = refusal === '' ? [] : [`the remote said: ${refusal}`];
  const missing = [...notes, ...describeLeftOut(leftOut), ...words];
  const byHand = `git fetch ${url} ${where}`;
  return {
    level: missing.length === 0 ? 'info' : 'warn',
    event: 'rescue.saved',
    fields: {
      files,
      commits,
      bytes,
      branch: branch === null ? null : printableName(branch),
      ref: where,
      missing,
      byHand,
    },
    said: [`saved at ${at}: ${whole}, ${on}; by hand: ${byHand}`, ...missing].join('; '),
  };
}

/** @param restored what became of the last rescue at a boot.  @returns one sentence; empty where there was none. */
export function describeRestore(restored: RestoreReport): string {
  switch (restored.kind) {
    case 'none':
      return '';
    case 'refused':
      return `a rescue is there but was not restored: ${printable(restored.reason)}`;
    case 'failed':
      return `the last rescue could not be restored: ${printable(restored.reason)}`;
    case 'restored': {
      const on = restored.branch === null ? 'at no branch' : `on ${printableName(restored.branch)}`;
      const what = `${plural(restored.files, 'changed file')}, ${on}`;
      return [`restored the work saved at ${renderTime(restored.time)}: ${what}`, ...restored.notes].join(
        '; ',
      );
    }
  }
}

function renderTime(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}
