import type { Episode } from './plan.ts';
import type { Outcome } from './run-episode.ts';

/** A line for each episode, as it ends. */
export function renderLine(seed: number, at: number, outcome: Outcome): string {
  const { entered, healthy, slowest, lost, byHand, notBegun, broken } = outcome;
  const parts = [
    `entered after ${renderSeconds(entered)}, healthy after ${renderSeconds(healthy)}`,
    `slowest status ${slowest.own} ms (${slowest.all} in all)`,
    ...(lost > 0 ? [`${lost} of the work lost`] : []),
    ...byHand,
    ...notBegun.map(({ name }) => `could not be done: ${name}`),
    ...broken.map((what) => `BROKEN: ${what}`),
  ];
  return `seed ${seed} +${at} s  ${nameOf(outcome.episode)}: ${parts.join('; ')}`;
}

function nameOf({ faults, seconds, restart }: Episode): string {
  const names = faults.map(({ kind, name }) => `${kind}/${name}`).join(' + ');
  return [
    ...(names === '' ? [] : [`${names} for ${seconds} s`]),
    ...(restart === null ? [] : [restart]),
  ].join(', ');
}

/** By kinds of faults; an episode of two counts for both. */
export function renderTable(outcomes: readonly Outcome[]): string {
  const kinds = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { faults, restart } = outcome.episode;
    const names = [...new Set(faults.map(({ kind }) => kind)), ...(restart === null ? [] : ['restart'])];
    for (const kind of names) kinds.set(kind, [...(kinds.get(kind) ?? []), outcome]);
  }
  const rows = [...kinds].toSorted(([one], [other]) => one.localeCompare(other));
  return [
    '| kind | faults | longest to enter | longest to healthy | slowest status | work lost | broken |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(([kind, some]) => renderRow(kind, some)),
    renderRow('all', outcomes),
    '',
  ].join('\n');
}

function renderRow(kind: string, outcomes: readonly Outcome[]): string {
  const longest = (of: 'entered' | 'healthy') => {
    const times = outcomes.map((outcome) => outcome[of]);
    return times.includes(null) ? 'never' : renderSeconds(Math.max(...(times as number[])));
  };
  const faults = outcomes.reduce((sum, outcome) => sum + countOf(outcome, kind), 0);
  const slowest = Math.max(...outcomes.map((outcome) => outcome.slowest.own));
  const lost = outcomes.reduce((sum, outcome) => sum + outcome.lost, 0);
  const broken = outcomes.filter((outcome) => outcome.broken.length > 0).length;
  return `| ${[kind, faults, longest('entered'), longest('healthy'), `${slowest} ms`, lost, broken].join(' | ')} |`;
}

/** Of those that were done. */
function countOf({ episode: { faults, restart }, notBegun }: Outcome, kind: string): number {
  const some = faults.filter((fault) => ['all', fault.kind].includes(kind) && !notBegun.includes(fault));
  return some.length + (restart !== null && ['restart', 'all'].includes(kind) ? 1 : 0);
}

function renderSeconds(milliseconds: number | null): string {
  return milliseconds === null ? 'never' : `${(milliseconds / 1000).toFixed(1)} s`;
}
