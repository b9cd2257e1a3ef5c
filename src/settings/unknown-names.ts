import { rankByDistance } from '../core/nearest.ts';
import type { Variables } from './secrets.ts';
import { allNames, takenNames } from './taken-names.ts';

/** A variable that looks like one of ours and is none, and the one it is nearest to. */
export interface UnknownName {
  readonly variable: string;
  readonly nearest: string;
}

export interface UnknownNames {
  readonly misspelt: readonly UnknownName[];
  /** What nobody takes. */
  readonly unused: readonly string[];
}

/** First words that no platform gives its own variables. */
const prefixes = [
  'CLOISTER_',
  'GH_PAT',
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
/** What engines, platforms, shells and the image itself put there. */
const usual =
  /^(PATH|HOME|HOSTNAME|TERM|COLORTERM|PWD|OLDPWD|SHLVL|_|USER|LOGNAME|SHELL|ENV|DEBIAN_FRONTEND|TMPDIR|container|OCI_.*|NODE_(VERSION|COMPILE_CACHE.*)|YARN_VERSION|FLY_.*|PRIMARY_REGION|KUBERNETES_.*|(https?|all|ftp|no)_proxy|(HTTPS?|ALL|FTP|NO)_PROXY)$/;

/** @returns the names, never the values, of what an operator may believe to reach somebody. */
export function findUnknown(env: Variables): UnknownNames {
  const known = takenNames(env);
  const handed = (env.AGENT_ENV ?? '').split(',').map((name) => name.trim());
  const others = Object.keys(env).filter(
    (name) =>
      /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) &&
      ![...known, ...handed].includes(name) &&
      !usual.test(name),
  );
  const misspelt = others
    .filter((name) => !allNames.includes(name))
    .map((variable) => ({ variable, ...nearestTo(variable.toUpperCase()) }))
    .filter(({ variable, distance, nearest }) => isClose(distance, nearest) || hasOurPrefix(variable))
    .slice(0, mostTold)
    .map(({ variable, nearest }) => ({ variable, nearest }));
  const told = misspelt.map(({ variable }) => variable);
  return {
    misspelt,
    unused: others.filter((name) => !told.includes(name) && !ofAService.test(name)).slice(0, mostTold),
  };
}

function hasOurPrefix(name: string): boolean {
  return !ofAService.test(name) && prefixes.some((prefix) => name.toUpperCase().startsWith(prefix));
}

/** One slip in a short name, two in a longer one. */
function isClose(distance: number, nearest: string): boolean {
  return distance <= (nearest.length < 8 ? 1 : 2);
}

function nearestTo(name: string): { nearest: string; distance: number } {
  const [first] = rankByDistance(name.replace(/^CLOISTER_/, ''), allNames);
  return { nearest: first?.word ?? '', distance: first?.distance ?? Number.POSITIVE_INFINITY };
}
