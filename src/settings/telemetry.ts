import type { Target } from '../policy/outbound-target.ts';
import type { Fault } from './fault.ts';
import { type FoundSecret, setRemedy } from './secrets.ts';
import { basic, parseTarget } from './target.ts';

/** Where Claude's telemetry goes, and what Claude is told: never the host and never the headers. */
export interface TelemetrySettings extends Target {
  readonly headers: Readonly<Record<string, string>>;
  /** Variables of OpenTelemetry for Claude Code. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface TelemetrySaid {
  readonly endpoint: string | undefined;
  readonly headers: FoundSecret;
  readonly grafana: {
    readonly instance: string | undefined;
    readonly key: FoundSecret;
    readonly endpoint: string | undefined;
  };
  readonly protocol: string | undefined;
  readonly temporality: string | undefined;
  readonly service: string | undefined;
  readonly attributes: Readonly<Record<string, string>> | undefined;
  readonly prompts: boolean | undefined;
  readonly details: boolean | undefined;
  /** The box's name, and what the platform says it is. */
  readonly identity: Readonly<Record<string, string | undefined>>;
}

/** @returns null where nothing is to be sent, or a fault was found. */
export function telemetryOf(said: TelemetrySaid, faults: Fault[]): TelemetrySettings | null {
  const receiver = isGrafana(said) ? grafanaOf(said, faults) : receiverOf(said, faults);
  if (receiver === null) return null;
  const { temporality = isGrafana(said) ? 'cumulative' : 'delta' } = said;
  return { ...receiver, variables: variablesOf({ ...said, temporality }) };
}

type Receiver = Omit<TelemetrySettings, 'variables'>;

function isGrafana({ grafana: { instance, key, endpoint } }: TelemetrySaid): boolean {
  return instance !== undefined || endpoint !== undefined || key !== 'unset';
}

function grafanaOf({ endpoint, headers, grafana }: TelemetrySaid, faults: Fault[]): Receiver | null {
  const { instance, key } = grafana;
  if (endpoint !== undefined || headers !== 'unset') {
    const fault = 'and OTEL_EXPORTER_OTLP_ENDPOINT are both set; it would be unclear who receives';
    faults.push({ variable: 'GRAFANA_CLOUD_INSTANCE_ID', fault, remedy: 'Keep only one kind of the two.' });
    return null;
  }
  const missing = Object.entries({
    GRAFANA_CLOUD_INSTANCE_ID: instance === undefined,
    GRAFANA_CLOUD_API_KEY: key === 'unset',
    GRAFANA_CLOUD_OTLP_ENDPOINT: grafana.endpoint === undefined,
  }).find(([, isMissing]) => isMissing)?.[0];
  if (missing !== undefined) {
    const fault = 'is not set, although others of the three GRAFANA_CLOUD variables are';
    faults.push({ variable: missing, fault, remedy: setRemedy(missing) });
    return null;
  }
  const target = targetOf('GRAFANA_CLOUD_OTLP_ENDPOINT', grafana.endpoint ?? '', faults);
  if (target === null || typeof key === 'string') return null;
  if (!target.secure) return insecure('GRAFANA_CLOUD_OTLP_ENDPOINT', faults);
  return { ...target, headers: { authorization: basic(`${instance}:${key.value}`) } };
}

function receiverOf({ endpoint, headers }: TelemetrySaid, faults: Fault[]): Receiver | null {
  if (endpoint === undefined) {
    if (headers !== 'unset') {
      const remedy = setRemedy('OTEL_EXPORTER_OTLP_ENDPOINT', 'https://collector.example.org:4318');
      const fault = 'is set without OTEL_EXPORTER_OTLP_ENDPOINT';
      faults.push({ variable: 'OTEL_EXPORTER_OTLP_HEADERS', fault, remedy });
    }
    return null;
  }
  const target = targetOf('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint, faults);
  if (target === null || headers === 'faulty') return null;
  const parsed = headers === 'unset' ? {} : parseHeaders(headers.value);
  if (parsed === null) {
    const fault = 'is no list of name=value with values in URL encoding, parted by commas';
    const remedy = setRemedy('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20…');
    faults.push({ variable: 'OTEL_EXPORTER_OTLP_HEADERS', fault, remedy });
    return null;
  }
  if (!target.secure && headers !== 'unset') return insecure('OTEL_EXPORTER_OTLP_ENDPOINT', faults);
  return { ...target, headers: parsed };
}

function targetOf(variable: string, text: string, faults: Fault[]): Target | null {
  const parsed = parseTarget(text);
  const fault =
    typeof parsed === 'string'
      ? parsed
      : parsed.authorization !== null || parsed.path.includes('?')
        ? 'has credentials or a query in it; they belong into OTEL_EXPORTER_OTLP_HEADERS'
        : null;
  if (typeof parsed !== 'string' && fault === null) {
    const { name, port, secure, path } = parsed;
    return { name, port, secure, path };
  }
  faults.push({
    variable,
    fault: fault ?? '',
    remedy: setRemedy(variable, 'https://collector.example.org:4318'),
  });
  return null;
}

function insecure(variable: string, faults: Fault[]): null {
  const fault = 'is no https URL, and credentials would go there';
  faults.push({ variable, fault, remedy: setRemedy(variable, 'https://collector.example.org:4318') });
  return null;
}

/** The form of OpenTelemetry's own variable: `name=value,name=value`, each value percent-encoded. */
function parseHeaders(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, name = '', raw = ''] = /^([A-Za-z0-9-]{1,64})=(.+)$/.exec(part) ?? [];
    let value: string;
    try {
      value = decodeURIComponent(raw);
    } catch {
      return null;
    }
    if (name === '' || !/^[\x20-\x7e]+$/.test(value) || reserved.test(name)) return null;
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** What belongs to the connection, or to each export. */
const reserved = /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|keep-alive)$/i;

function variablesOf(said: TelemetrySaid & { readonly temporality: string }): Record<string, string> {
  const known = Object.entries({ ...said.attributes, ...said.identity }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    OTEL_EXPORTER_OTLP_PROTOCOL: said.protocol ?? 'http/protobuf',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: said.temporality,
    ...(said.service === undefined ? {} : { OTEL_SERVICE_NAME: said.service }),
    OTEL_RESOURCE_ATTRIBUTES: known.map(([key, value]) => `${key}=${value}`).join(','),
    OTEL_LOG_USER_PROMPTS: said.prompts === true ? '1' : '0',
    OTEL_LOG_TOOL_DETAILS: said.details === true ? '1' : '0',
  };
}
