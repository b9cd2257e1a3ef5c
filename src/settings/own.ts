import type { Fault } from './fault.ts';
import { notifyOf } from './notify.ts';
import { proxyOf } from './proxy.ts';
import type { Values } from './schema.ts';
import { findSecret, type ReadText, type SecretName, type Variables } from './secrets.ts';
import type { Settings } from './settings.ts';
import { telemetryOf } from './telemetry.ts';

/** What the box itself sends, and the proxy that everything goes through. */
export function ownOf(
  { values, boxName, env, read }: { values: Values; boxName: string; env: Variables; read: ReadText },
  faults: Fault[],
): Pick<Settings, 'notify' | 'telemetry' | 'proxy'> {
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
        'cloister.box': boxName,
        'fly.app': env.FLY_APP_NAME,
        'fly.machine': env.FLY_MACHINE_ID,
        'fly.region': env.FLY_REGION,
      },
    },
    faults,
  );
  return { notify, telemetry, proxy: proxyOf(secret('HTTPS_PROXY'), values, faults) };
}
