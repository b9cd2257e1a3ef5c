import type { Host } from '../host/host.ts';
import { parseRuleList } from '../policy/parse-rules.ts';
import type { Rule } from '../policy/rule.ts';
import { claudeOf, githubTokenOf } from './accounts.ts';
import type { Fault } from './fault.ts';
import { notifyOf } from './notify.ts';
import { remedyOf, type Schema, schema } from './schema.ts';
import { findSecret, type ReadText, type SecretName, type Variables } from './secrets.ts';
import type { Settings } from './settings.ts';
import { telemetryOf } from './telemetry.ts';
import { findUnknown, type UnknownName } from './unknown-names.ts';

const MB = 1024 ** 2;
const longestCertificates = MB;

type Values = { [Name in keyof Schema]?: Schema[Name]['type']['_zod']['output'] };

type Reads = readonly [() => Settings | readonly Fault[], () => readonly UnknownName[]];

/** @returns what reads the settings of this machine, and what finds variables that look like some and are none. */
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
  const env = withoutEmpty(given);
  const values = readValues(env, faults);
  const githubToken = githubTokenOf(findSecret('GH_PAT', env, read, faults), given, faults);
  const claude = claudeOf({ env, given, read }, faults);
  const own = ownOf({ values, env, read }, faults);
  const rules = rulesOf(values.ALLOW_DOMAINS, faults);
  if (values.REPO_REF !== undefined && env.REPO_URL === undefined) {
    faults.push({ variable: 'REPO_REF', fault: 'is set without REPO_URL', remedy: remedyOf('REPO_URL') });
  }
  const extraCertificates = certificatesOf(values.EXTRA_CA_CERTS, read, faults);
  if (faults.length > 0 || claude === null) return faults;
  return Object.freeze({ githubToken, claude, rules, extraCertificates, ...own, ...chosen(values, env) });
}

/** Compose's `${X:-}` sets what nobody has set: to nothing. */
function withoutEmpty(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
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

function boxNameOf(values: Values, env: Variables): string {
  return values.BOX_NAME ?? env.FLY_APP_NAME ?? 'box';
}

/** What the box itself sends. */
function ownOf(
  { values, env, read }: { values: Values; env: Variables; read: ReadText },
  faults: Fault[],
): Pick<Settings, 'notify' | 'telemetry'> {
  const secret = (name: SecretName) => findSecret(name, env, read, faults);
  const notify = notifyOf(
    {
      url: secret('NOTIFY_URL'),
      token: secret('NOTIFY_TOKEN'),
      format: values.NOTIFY_FORMAT,
      on: values.NOTIFY_ON,
    },
    faults,
  );
  const telemetry = telemetryOf(
    {
      endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
      headers: secret('OTEL_EXPORTER_OTLP_HEADERS'),
      grafana: {
        instance: values.GRAFANA_CLOUD_INSTANCE_ID,
        key: secret('GRAFANA_CLOUD_API_KEY'),
        endpoint: values.GRAFANA_CLOUD_OTLP_ENDPOINT,
      },
      protocol: values.OTEL_EXPORTER_OTLP_PROTOCOL,
      temporality: values.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE,
      service: values.OTEL_SERVICE_NAME,
      attributes: values.OTEL_RESOURCE_ATTRIBUTES,
      prompts: values.OTEL_LOG_USER_PROMPTS,
      details: values.OTEL_LOG_TOOL_DETAILS,
      identity: {
        'cloister.box': boxNameOf(values, env),
        'fly.app': env.FLY_APP_NAME,
        'fly.machine': env.FLY_MACHINE_ID,
        'fly.region': env.FLY_REGION,
      },
    },
    faults,
  );
  return { notify, telemetry };
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

function chosen(
  values: Values,
  env: Variables,
): Omit<Settings, 'githubToken' | 'claude' | 'rules' | 'extraCertificates' | 'notify' | 'telemetry'> {
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
    agentMemory: values.AGENT_MEMORY ?? null,
    agentProcesses: values.AGENT_PROCESSES ?? null,
    bootTimeout: (values.BOOT_TIMEOUT ?? 120) * 1000,
    log: { level: values.LOG_LEVEL ?? 'info', format: values.LOG_FORMAT ?? null },
  };
}
