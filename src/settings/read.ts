import { parseRuleList } from '../policy/parse-rules.ts';
import type { Rule } from '../policy/rule.ts';
import type { Fault } from './fault.ts';
import { notifyOf } from './notify.ts';
import { remedyOf, type Schema, schema } from './schema.ts';
import {
  type Environment,
  type Found,
  findSecret,
  type ReadText,
  type SecretName,
  setRemedy,
} from './secrets.ts';
import type { ClaudeCredential, Settings } from './settings.ts';
import { telemetryOf } from './telemetry.ts';

const MB = 1024 ** 2;

type Values = { [Name in keyof Schema]?: Schema[Name]['type']['_zod']['output'] };

/**
 * Reads every setting at once.
 * @param read reads a secret's file.
 * @returns the frozen settings, or every fault found.
 */
export function readSettings(env: Environment, read: ReadText): Settings | readonly Fault[] {
  const faults: Fault[] = [];
  const values = readValues(env, faults);
  const githubToken = githubTokenOf(findSecret('GH_PAT', env, read, faults), faults);
  const claude = claudeOf(env, read, faults);
  const own = ownOf({ values, env, read }, faults);
  const rules = rulesOf(values.ALLOW_DOMAINS, faults);
  if (values.REPO_REF !== undefined && env.REPO_URL === undefined) {
    faults.push({ variable: 'REPO_REF', fault: 'is set without REPO_URL', remedy: remedyOf('REPO_URL') });
  }
  const extraCertificates = certificatesOf(values.EXTRA_CA_CERTS, read, faults);
  if (faults.length > 0 || claude === null) return faults;
  return Object.freeze({ githubToken, claude, rules, extraCertificates, ...own, ...chosen(values, env) });
}

function readValues(env: Environment, faults: Fault[]): Values {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(schema) as (keyof Schema)[]) {
    const text = env[name];
    if (text === undefined) continue;
    const parsed = text === '' ? null : schema[name].type.safeParse(text);
    if (parsed?.success) values[name] = parsed.data;
    else {
      const fault = parsed === null ? 'is empty; unset it to get the default' : reasonOf(parsed.error.issues);
      faults.push({ variable: name, fault, remedy: remedyOf(name) });
    }
  }
  return values as Values;
}

function reasonOf(issues: readonly { message: string }[]): string {
  return issues.map((issue) => issue.message).join('; ');
}

function githubTokenOf(found: Found, faults: Fault[]): string | null {
  if (found === 'unset') {
    const remedy = `${setRemedy('GH_PAT', 'github_pat_…')}; without a GitHub account set it to none.`;
    faults.push({ variable: 'GH_PAT', fault: 'is not set', remedy });
  }
  return typeof found === 'string' || found.value === 'none' ? null : found.value;
}

function claudeOf(env: Environment, read: ReadText, faults: Fault[]): ClaudeCredential | null {
  const oauth = findSecret('CLAUDE_CODE_OAUTH_TOKEN', env, read, faults);
  const key = findSecret('ANTHROPIC_API_KEY', env, read, faults);
  if (oauth === 'unset' && key === 'unset') {
    const remedy = `${setRemedy('CLAUDE_CODE_OAUTH_TOKEN')} (claude setup-token prints one), or ANTHROPIC_API_KEY likewise.`;
    const fault = 'and ANTHROPIC_API_KEY are both not set; one is required';
    faults.push({ variable: 'CLAUDE_CODE_OAUTH_TOKEN', fault, remedy });
    return null;
  }
  if (oauth !== 'unset' && key !== 'unset') {
    const fault = 'and ANTHROPIC_API_KEY are both set; it would be unclear which account pays';
    faults.push({ variable: 'CLAUDE_CODE_OAUTH_TOKEN', fault, remedy: 'Keep only one of the two.' });
    return null;
  }
  if (typeof oauth === 'object') return { variable: 'CLAUDE_CODE_OAUTH_TOKEN', value: oauth.value };
  return typeof key === 'object' ? { variable: 'ANTHROPIC_API_KEY', value: key.value } : null;
}

function boxNameOf(values: Values, env: Environment): string {
  return values.BOX_NAME ?? env.FLY_APP_NAME ?? 'box';
}

/** What the box itself sends. */
function ownOf(
  { values, env, read }: { values: Values; env: Environment; read: ReadText },
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
    const text = read(path);
    return text.includes('-----BEGIN CERTIFICATE-----')
      ? text
      : fail('names a file without a PEM certificate');
  } catch (error) {
    return fail(`names a file that can't be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
}

function chosen(
  values: Values,
  env: Environment,
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
