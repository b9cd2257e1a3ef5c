import type { Level } from '../core/log.ts';
import type { Range } from '../policy/range.ts';
import type { Rule, SourcedRule } from '../policy/rule.ts';
import type { NotifySettings } from './notify.ts';
import type { ProxySettings } from './proxy.ts';
import type { TelemetrySettings } from './telemetry.ts';

/** What the operator asked for: read once at the door, validated whole, then frozen. Sizes are bytes. */
export interface Settings {
  readonly githubToken: string | null;
  readonly claude: ClaudeSettings;
  readonly session: SessionSettings;
  /** Tells this box from others of the same operator; the same again when the container is recreated. */
  readonly boxName: string;
  readonly repository: { readonly url: string; readonly ref: string | null } | null;
  readonly rescue: {
    /** Null: all into a private repository, tracked files alone into any other. */
    readonly scope: 'off' | 'tracked' | 'all' | null;
    /** Milliseconds between two rescues while the agent works. */
    readonly interval: number;
    /** Bytes of what is pushed. */
    readonly size: number;
  };
  readonly git: { readonly name: string; readonly email: string };
  /** Hooks run that stand in other settings than ours. */
  readonly repositoryHooks: boolean;
  readonly prompt: string | null;
  readonly rules: readonly Rule[];
  /** Services beside the box; among the rules as well, once these are joined with the allowlist's. */
  readonly neighbours: readonly Rule[];
  /** Names of the sets that are added to the list. */
  readonly sets: readonly string[];
  readonly allowPrivate: readonly Range[];
  readonly upstreams: readonly string[] | null;
  /** What the operator accepts on a kernel that can't redirect: egress by address, with no check of the name. */
  /** Everything but what it exempts goes through it; null where nothing does. */
  readonly proxy: ProxySettings | null;
  readonly egressFallback: 'address' | null;
  readonly publishPorts: readonly number[];
  /** PEM text of the authorities to trust as well. */
  readonly extraCertificates: string | null;
  /** What the box itself sends, and where; null where it sends nothing. */
  readonly notify: NotifySettings | null;
  readonly telemetry: TelemetrySettings | null;
  readonly sizes: Readonly<Record<Room, RequestedSize>>;
  /** Whom the agent runs as; null: the owner of the volumes. */
  readonly agentUser: { readonly uid: number; readonly gid: number } | null;
  readonly agentMemory: number | null;
  readonly agentProcesses: number | null;
  readonly bootTimeout: number;
  readonly log: { readonly level: Level; readonly format: 'json' | 'pretty' | null };
}

/** The writable rooms whose size the operator may set. */
export type Room = 'workspace' | 'tmp' | 'home';

/** `explicit`: the operator named it, so it is met or refused, never shrunk. */
export interface RequestedSize {
  readonly bytes: number;
  readonly explicit: boolean;
}

export interface ClaudeCredential {
  readonly variable: string;
  readonly value: string;
}

/** How Claude Code comes to its model, under the names of its own variables. */
export interface ClaudeSettings {
  /** Secrets; none where a gateway wants none, or where it is Google's file. */
  readonly credentials: readonly ClaudeCredential[];
  /** What is no secret: the provider, gateways, models. */
  readonly variables: Readonly<Record<string, string>>;
  /** The hosts of what is named there, each with its variable. */
  readonly rules: readonly SourcedRule[];
  /** Added to each request, a line each; a secret. */
  readonly headers: string | null;
  /** The text of Google's file of credentials; a secret. */
  readonly google: string | null;
}

/** What the agent's session is told beside its accounts. */
export interface SessionSettings {
  /** Handed on by `AGENT_ENV` and its file. */
  readonly variables: Readonly<Record<string, string>>;
  readonly zone: string;
  readonly locale: string | null;
}

/** Of what goes to the box's own hosts, shorter pieces are words and no secrets. */
const shortestSent = 8;

/** @returns the values that no output may show. */
export function secretsOf(settings: Settings): string[] {
  const { notify, telemetry, session, proxy } = settings;
  const account = proxy?.authorization ?? null;
  const accounts = account === null ? [] : [proxy?.url, account, passwordOf(account)];
  const sent = [
    ...accounts,
    notify?.url,
    notify?.path,
    notify?.authorization,
    ...Object.values(telemetry?.headers ?? {}),
  ]
    .filter((value) => value !== undefined && value !== null)
    // Each also as it may stand alone; a word would be hidden wherever it stands.
    .flatMap((value) => [value, value.replace(/^\w+ /, '').replace(/^\//, '')])
    .filter((value) => value.length >= shortestSent);
  // What an operator hands on may be a key or a word that stands everywhere: only he knows.
  const handed = Object.values(session.variables).filter((value) => value.length >= shortestSent);
  return [...accountSecretsOf(settings), ...sent, ...handed];
}

/** @returns the secrets of the accounts that the agent works with. */
function accountSecretsOf({ githubToken, claude }: Pick<Settings, 'githubToken' | 'claude'>): string[] {
  const { credentials, headers, google } = claude;
  const lines = (headers ?? '').split(/\r?\n/).map((line) => line.replace(/^[\w-]+: ?/, ''));
  return [
    ...(githubToken === null ? [] : [githubToken]),
    ...credentials.map(({ value }) => value),
    ...[...lines, ...secretsInGoogle(google)].filter((value) => value.length >= shortestSent),
  ];
}

/** A key stands in the file with its line ends escaped; programs print it with lines of its own. */
function secretsInGoogle(text: string | null): string[] {
  if (text === null) return [];
  const {
    private_key: key,
    refresh_token: token,
    client_secret: secret,
  } = JSON.parse(text) as Record<string, unknown>;
  return [key, token, secret]
    .filter((value) => typeof value === 'string')
    .flatMap((value) => [value, JSON.stringify(value).slice(1, -1), ...value.split('\n')])
    .filter((value) => !value.startsWith('-----'));
}

function passwordOf(basic: string): string {
  return Buffer.from(basic.replace(/^Basic /, ''), 'base64')
    .toString()
    .replace(/^[^:]*:/, '');
}
