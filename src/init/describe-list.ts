import type { Host } from '../host/host.ts';
import type { difference, LiveList } from '../policy/live-list.ts';
import { sourceOf } from '../policy/live-sets.ts';
import { type Denial, renderDenial, renderRule, type SourcedRule } from '../policy/rule.ts';
import type { RuleSet } from '../policy/rule-set.ts';
import type { Allowed, Denied } from './named-rules.ts';

/** Text for people and the same for programs. */
interface Described {
  readonly text: string;
  readonly data: unknown;
}

/** @returns the list in force, a line a rule. */
export function describeList(host: Host, { base, allowed, denied }: LiveList): Described {
  const rules = [
    ...base.map(({ rule, source, set = null }) => ({ rule: renderRule(rule), source, set, until: null })),
    ...allowed.map((one) => ({
      rule: renderRule(one.rule),
      source: sourceOf(one),
      set: one.set ?? null,
      until: timeOf(host, one.until),
    })),
  ];
  const denials = denied.map(renderDenial);
  const lines = [
    ...rules.map(
      ({ rule, source, set, until }) =>
        `${rule.padEnd(40)} ${placeOf(source, set)}${until === null ? '' : `, until ${until}`}`,
    ),
    ...denials.map((denial) => `${denial.padEnd(40)} cloister deny: denied`),
  ];
  return { text: lines.join('\n'), data: { rules, denied: denials } };
}

/** @returns every set: what it is for, whether it is on the list, and each of its hosts with the reason. */
export function describeSets(list: LiveList, sets: readonly RuleSet[]): Described {
  const data = sets.map(({ name, about, entries }) => ({
    set: name,
    about,
    source: standingOf(list, name),
    hosts: entries.map(({ rule, reason, isShared }) => ({
      rule: renderRule(rule),
      reason,
      shared: isShared,
    })),
  }));
  const lines = data.flatMap(({ set, about, source, hosts }) => [
    `@${set}: ${about} (${source === null ? 'not on the list' : `on the list by ${source}`})`,
    ...hosts.map(({ rule, reason, shared }) =>
      `  ${rule.padEnd(40)} ${reason}${shared ? ' (*)' : ''}`.trimEnd(),
    ),
  ]);
  return { text: lines.join('\n'), data };
}

const hiding =
  'Which name it asks of that server, a program may hide from the box: docs/network.md, "Browsers", has the risk.';

export function describeAllowed(
  { label, rules, set }: Allowed,
  until: string | null,
  standing: SourcedRule | null,
): string {
  if (standing !== null) return `${label} is allowed by ${standing.source} already.`;
  const allowed = `${label} is allowed until ${until ?? 'the next boot'}${set === null ? '' : `: ${countOf(rules)}`}.`;
  return rules.some(({ ech }) => ech === true) ? `${allowed}\n${hiding}` : allowed;
}

function countOf({ length }: Allowed['rules']): string {
  return `${length} ${length === 1 ? 'rule' : 'rules'}`;
}

/** @param neededBy says what of the box stops. */
export function describeDenied(
  { label, denials, kept }: Denied,
  neededBy: (denial: Denial) => readonly string[],
): string {
  const told = [
    `${label} is denied until the next boot.`,
    ...kept.map(({ rule, source }) => `${rule} stays allowed by ${source}.`),
    ...denials.flatMap(neededBy),
  ];
  return told.join('\n');
}

export function describeReload({ added, removed }: ReturnType<typeof difference>): string {
  if (added.length + removed.length === 0) return 'The files were read; no rule has changed.';
  const lines = [...added.map((rule) => `+ ${rule}`), ...removed.map((rule) => `- ${rule}`)];
  return ['The files were read:', ...lines].join('\n');
}

/** @returns when that uptime is, by the clock as it is set now. */
export function timeOf(host: Host, uptime: number | null): string | null {
  return uptime === null ? null : new Date(host.now() + uptime - host.uptime()).toISOString();
}

function placeOf(source: string, set: string | null): string {
  return set === null || source.endsWith(`@${set}`) ? source : `${source} @${set}`;
}

function standingOf({ base, allowed }: LiveList, set: string): string | null {
  const own = allowed.find((one) => one.set === set);
  return base.find((one) => one.set === set)?.source ?? (own === undefined ? null : sourceOf(own));
}
