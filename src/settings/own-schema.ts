import * as z from 'zod';
import { type Kind, kinds } from '../policy/notification.ts';
import { formats } from '../policy/outbound-target.ts';

const onOff = z.enum(['0', '1'], 'is neither 0 nor 1').transform((text) => text === '1');
const pair = /^[\w.-]{1,100}=[^\s,;="\\\p{C}]{1,200}$/u;

/** The variables, none of them secret, of what the box itself sends. Those of OpenTelemetry go by its own names. */
export const ownSchema = {
  NOTIFY_ON: rule(z.string().transform(kindsOf), 'waits,fails,limit'),
  NOTIFY_FORMAT: rule(z.enum(formats, `is not one of ${formats.join(', ')}`), 'slack'),
  OTEL_EXPORTER_OTLP_ENDPOINT: rule(z.string(), 'https://collector.example.org:4318'),
  OTEL_EXPORTER_OTLP_PROTOCOL: rule(
    z.enum(
      ['http/protobuf', 'http/json'],
      'is neither http/protobuf nor http/json; gRPC is not relayed, and most receivers take both',
    ),
    'http/protobuf',
  ),
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: rule(
    z.enum(['cumulative', 'delta', 'lowmemory'], 'is not one of cumulative, delta, lowmemory'),
    'cumulative',
  ),
  OTEL_SERVICE_NAME: rule(
    z.string().regex(/^[\w.-]{1,100}$/, 'is no name of letters, digits, . _ -'),
    'night-shift',
  ),
  OTEL_RESOURCE_ATTRIBUTES: rule(z.string().transform(attributesOf), 'team=platform,env=night'),
  OTEL_LOG_USER_PROMPTS: rule(onOff, '1'),
  OTEL_LOG_TOOL_DETAILS: rule(onOff, '1'),
  GRAFANA_CLOUD_INSTANCE_ID: rule(z.string().regex(/^[0-9]{1,12}$/, 'is no number'), '123456'),
  GRAFANA_CLOUD_OTLP_ENDPOINT: rule(z.string(), 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp'),
};

function rule<T extends z.ZodType>(type: T, example: string) {
  return { type, example };
}

function kindsOf(text: string, context: z.RefinementCtx): Kind[] {
  const parts = [...new Set(text.split(',').map((part) => part.trim()))];
  const known = kinds.filter((kind) => parts.includes(kind));
  if (known.length === parts.length) return known;
  context.addIssue({ code: 'custom', message: `holds a word that is not one of ${kinds.join(', ')}` });
  return z.NEVER;
}

function attributesOf(text: string, context: z.RefinementCtx): Record<string, string> {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => pair.test(part)))
    return Object.fromEntries(parts.map((part) => part.split('=') as [string, string]));
  context.addIssue({ code: 'custom', message: 'is no list of key=value, parted by commas' });
  return z.NEVER;
}
