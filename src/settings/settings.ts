import type { Level } from '../core/log.ts';
import type { Range } from '../policy/range.ts';
import type { Rule } from '../policy/rule.ts';
import type { NotifySettings } from './notify.ts';
import type { TelemetrySettings } from './telemetry.ts';

/** What the operator asked for: read once at the door, validated whole, then frozen. Sizes are bytes. */
export interface Settings {
  readonly githubToken: string | null;
  readonly claude: ClaudeCredential;
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
  readonly prompt: string | null;
  readonly rules: readonly Rule[];
  /** Services beside the box; among the rules as well, once these are joined with the allowlist's. */
  readonly neighbours: readonly Rule[];
  /** Names of the sets that are added to the list. */
  readonly sets: readonly string[];
  readonly allowPrivate: readonly Range[];
  readonly upstreams: readonly string[] | null;
  /** What the operator accepts on a kernel that can't redirect: egress by address, with no check of the name. */
  readonly egressFallback: 'address' | null;
  readonly publishPorts: readonly number[];
  /** PEM text of the authorities to trust as well. */
  readonly extraCertificates: string | null;
  /** What the box itself sends, and where; null where it sends nothing. */
  readonly notify: NotifySettings | null;
  readonly telemetry: TelemetrySettings | null;
  readonly sizes: Readonly<Record<Room, RequestedSize>>;
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
  readonly variable: 'CLAUDE_CODE_OAUTH_TOKEN' | 'ANTHROPIC_API_KEY';
  readonly value: string;
}

/** Of what goes to the box's own hosts, shorter pieces are words and no secrets. */
const shortestSent = 8;

/** @returns the values that no output may show. */
export function secretsOf(settings: Settings): string[] {
  const { githubToken, claude, notify, telemetry } = settings;
  const sent = [notify?.url, notify?.path, notify?.authorization, ...Object.values(telemetry?.headers ?? {})]
    .filter((value) => value !== undefined && value !== null)
    // Each also as it may stand alone; a word would be hidden wherever it stands.
    .flatMap((value) => [value, value.replace(/^\w+ /, '').replace(/^\//, '')])
    .filter((value) => value.length >= shortestSent);
  return [githubToken, claude.value, ...sent].filter((value) => value !== null);
}
