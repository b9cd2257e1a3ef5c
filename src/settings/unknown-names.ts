import { rankByDistance } from '../core/nearest.ts';
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
  const [first] = rankByDistance(name.replace(/^CLOISTER_/, ''), known);
  return { nearest: first?.word ?? '', distance: first?.distance ?? Number.POSITIVE_INFINITY };
}
