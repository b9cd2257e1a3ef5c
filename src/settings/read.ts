import type { Host } from '../host/host.ts';
import { parseRuleList } from '../policy/parse-rules.ts';
import type { Rule } from '../policy/rule.ts';
import { agentEnvironmentOf } from './agent-environment.ts';
import { claudeOf } from './claude.ts';
import type { Fault } from './fault.ts';
import { githubTokenOf } from './github.ts';
import { ownOf } from './own.ts';
import { remedyOf, type Schema, schema, type Values } from './schema.ts';
import { findSecret, type ReadText, type Variables } from './secrets.ts';
import { type SessionSettings, type Settings, secretsOf } from './settings.ts';
import { takenNames } from './taken-names.ts';
import { findUnknown, type UnknownNames } from './unknown-names.ts';

const MB = 1024 ** 2;
const longestCertificates = MB;

type Reads = readonly [() => Settings | readonly Fault[], () => UnknownNames];

/** @returns what reads the settings of this machine, and what finds variables that nobody takes. */
export function settingsFrom({ env, files }: Pick<Host, 'env' | 'files'>): Reads {
  return [() => readSettings(env, files.readBounded), () => findUnknown(env)];
}

/**
 * Reads every setting at once.
 * @param read reads a secret's file.
 * @returns the frozen settings, or every fault found.
 */
export function readSettings(given: Variables, read: ReadText): Settings | readonly Fault[] {
  const faults: Fault[] = [];
  const env = withUpperCase(withoutEmpty(given));
  const values = readValues(env, faults);
  const githubToken = githubTokenOf(findSecret('GH_PAT', env, read, faults), given, faults);
  const isOn = (name: string) => values[name as keyof Values] === true;
  const claude = claudeOf({ env, given, read, isOn }, faults);
  const own = ownOf({ values, boxName: boxNameOf(values, env), env, read }, faults);
  const rules = rulesOf(values.ALLOW_DOMAINS, faults);
  if (values.REPO_REF !== undefined && env.REPO_URL === undefined) {
    faults.push({ variable: 'REPO_REF', fault: 'is set without REPO_URL', remedy: remedyOf('REPO_URL') });
  }
  const extraCertificates = certificatesOf(values.EXTRA_CA_CERTS, read, faults);
  if (faults.length > 0 || claude === null) return faults;
  const settings = { githubToken, claude, rules, extraCertificates, ...own, ...chosen(values, env) };
  const session = sessionOf({ values, given, env, read, settings }, faults);
  return faults.length > 0 ? faults : Object.freeze({ ...settings, session });
}

/** Last, for it must not hand on what the others are. */
function sessionOf(
  said: {
    values: Values;
    given: Variables;
    env: Variables;
    read: ReadText;
    settings: Omit<Settings, 'session'>;
  },
  faults: Fault[],
): SessionSettings {
  const { values, given, env, read, settings } = said;
  const session = { variables: {}, zone: values.TZ ?? 'UTC', locale: values.LANG ?? null };
  const variables = agentEnvironmentOf(
    {
      names: values.AGENT_ENV ?? [],
      file: values.AGENT_ENV_FILE,
      given,
      read,
      taken: takenNames(env),
      secrets: secretsOf({ ...settings, session }),
    },
    faults,
  );
  return { ...session, variables };
}

/** Compose's `${X:-}` sets what nobody has set: to nothing. */
function withoutEmpty(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/** Programs read these in lower case as well, and an engine that hands its own on sets both. */
function withUpperCase(env: Variables): Variables {
  const { https_proxy: proxy, no_proxy: exempt } = env;
  return {
    ...(proxy === undefined || env.HTTPS_PROXY_FILE !== undefined ? {} : { HTTPS_PROXY: proxy }),
    ...(exempt === undefined ? {} : { NO_PROXY: exempt }),
    ...env,
  };
}

function readValues(env: Variables, faults: Fault[]): Values {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(schema) as (keyof Schema)[]) {
    const text = env[name];
    if (text === undefined) continue;
    const parsed = schema[name].type.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else faults.push({ variable: name, fault: reasonOf(parsed.error.issues), remedy: remedyOf(name) });
  }
  return values as Values;
}

function reasonOf(issues: readonly { message: string }[]): string {
  return issues.map((issue) => issue.message).join('; ');
}

function rulesOf(text: string | undefined, faults: Fault[]): readonly Rule[] {
  const parsed = parseRuleList(text ?? '', 'ALLOW_DOMAINS');
  for (const { line, fault } of parsed.faults) {
    faults.push({
      variable: 'ALLOW_DOMAINS',
      fault: `rule ${line}: ${fault}`,
      remedy: remedyOf('ALLOW_DOMAINS'),
    });
  }
  return parsed.rules;
}

function certificatesOf(path: string | undefined, read: ReadText, faults: Fault[]): string | null {
  if (path === undefined) return null;
  const fail = (fault: string) => {
    faults.push({ variable: 'EXTRA_CA_CERTS', fault, remedy: remedyOf('EXTRA_CA_CERTS') });
    return null;
  };
  try {
    const text = read(path, longestCertificates);
    // NUL, and what stands for octets that are no UTF-8.
    if (/[\0\ufffd]/.test(text)) return fail('names a file that is no text');
    return text.includes('-----BEGIN CERTIFICATE-----')
      ? text
      : fail('names a file without a PEM certificate');
  } catch (error) {
    return fail(`names a file that can't be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
}

function boxNameOf(values: Values, env: Variables): string {
  return values.BOX_NAME ?? env.FLY_APP_NAME ?? 'box';
}

function chosen(
  values: Values,
  env: Variables,
): Omit<
  Settings,
  'githubToken' | 'claude' | 'session' | 'rules' | 'extraCertificates' | 'notify' | 'telemetry' | 'proxy'
> {
  const size = (bytes: number | undefined, fallback: number) => ({
    bytes: bytes ?? fallback,
    explicit: bytes !== undefined,
  });
  return {
    boxName: boxNameOf(values, env),
    repository: values.REPO_URL === undefined ? null : { url: values.REPO_URL, ref: values.REPO_REF ?? null },
    rescue: {
      scope: values.RESCUE ?? null,
      interval: values.RESCUE_INTERVAL ?? 5 * 60_000,
      size: values.RESCUE_SIZE ?? 100 * MB,
    },
    git: {
      name: values.GIT_USER_NAME ?? 'cloister',
      email: values.GIT_USER_EMAIL ?? 'cloister@noreply.github.com',
    },
    repositoryHooks: values.REPO_HOOKS === 'on',
    prompt: values.CLAUDE_PROMPT ?? null,
    neighbours: values.NEIGHBOURS ?? [],
    sets: values.ALLOW_SETS ?? [],
    allowPrivate: values.ALLOW_PRIVATE ?? [],
    upstreams: values.DNS_UPSTREAM ?? null,
    egressFallback: values.EGRESS_FALLBACK ?? null,
    publishPorts: values.PUBLISH_PORTS ?? [],
    sizes: {
      workspace: size(values.WORKSPACE_SIZE, 512 * MB),
      tmp: size(values.TMP_SIZE, 512 * MB),
      home: size(values.HOME_SIZE, 1024 * MB),
    },
    agentUser: values.AGENT_USER ?? null,
    agentMemory: values.AGENT_MEMORY ?? null,
    agentProcesses: values.AGENT_PROCESSES ?? null,
    bootTimeout: (values.BOOT_TIMEOUT ?? 120) * 1000,
    log: { level: values.LOG_LEVEL ?? 'info', format: values.LOG_FORMAT ?? null },
  };
}
