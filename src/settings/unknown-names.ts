import { schema } from './schema.ts';
import { secretNames, type Variables } from './secrets.ts';

/** A variable that looks like one of ours and is none, and the one it is nearest to. */
export interface UnknownName {
  readonly variable: string;
  readonly nearest: string;
}

const known = [...Object.keys(schema), ...secretNames.flatMap((name) => [name, `${name}_FILE`])];
/** First words that no platform gives its own variables. */
const prefixes = [
  'CLOISTER_',
  'GH_PAT',
  'CLAUDE_',
  'ANTHROPIC_',
  'REPO_',
  'RESCUE_',
  'GIT_USER_',
  'ALLOW_',
  'NEIGHBOUR',
  'DNS_UPSTREAM',
  'EGRESS_',
  'PUBLISH_',
  'NOTIFY_',
  'OTEL_',
  'GRAFANA_',
  'EXTRA_CA',
  'WORKSPACE_',
  'AGENT_',
  'BOOT_',
  'BOX_',
  'LOG_',
];
/** Kubernetes gives every container an address of each service, by the service's name. */
const ofAService = /_(SERVICE_(HOST|PORT(_.*)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?)$/;
const mostTold = 20;

/** @returns the names, never the values, of what an operator may believe to be a setting. */
export function findUnknown(env: Variables): UnknownName[] {
  return Object.keys(env)
    .filter((name) => /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) && !known.includes(name))
    .map((variable) => ({ variable, ...nearestTo(variable.toUpperCase()) }))
    .filter(({ variable, distance, nearest }) => isClose(distance, nearest) || hasOurPrefix(variable))
    .slice(0, mostTold)
    .map(({ variable, nearest }) => ({ variable, nearest }));
}

function hasOurPrefix(name: string): boolean {
  return !ofAService.test(name) && prefixes.some((prefix) => name.toUpperCase().startsWith(prefix));
}

/** One slip in a short name, two in a longer one. */
function isClose(distance: number, nearest: string): boolean {
  return distance <= (nearest.length < 8 ? 1 : 2);
}

function nearestTo(name: string): { nearest: string; distance: number } {
  const bare = name.replace(/^CLOISTER_/, '');
  const ranked = known
    .map((nearest) => ({ nearest, distance: distanceOf(bare, nearest) }))
    .sort((one, other) => one.distance - other.distance);
  return ranked[0] ?? { nearest: '', distance: Number.POSITIVE_INFINITY };
}

/** The fewest characters to put in, take out, change or swap with the next (optimal string alignment). */
function distanceOf(one: string, other: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next[column] = Math.min(
        at(last, column) + 1,
        at(next, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, last] = [last ?? [], next];
  }
  return at(last, other.length);
}

function at(row: readonly number[] | undefined, index: number): number {
  return row?.[index] ?? Number.POSITIVE_INFINITY;
}
