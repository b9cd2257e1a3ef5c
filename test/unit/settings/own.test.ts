import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/settings/fault.ts';
import { readSettings } from '../../../src/settings/read.ts';
import { type Settings, secretsOf } from '../../../src/settings/settings.ts';

const good = { GH_PAT: 'none', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-x' };
const files: Record<string, string> = { '/run/secrets/url': 'https://ntfy.sh/SECRET-TOPIC\n' };
const read = (path: string) => files[path] ?? '';

function settingsFrom(env: Record<string, string>): Settings {
  const result = readSettings({ ...good, ...env }, read);
  expect(result).not.toBeInstanceOf(Array);
  return result as Settings;
}

function faultsFrom(env: Record<string, string>): readonly Fault[] {
  const result = readSettings({ ...good, ...env }, read);
  expect(result).toBeInstanceOf(Array);
  return result as readonly Fault[];
}

describe('where the box tells', () => {
  test.each([
    ['https://ntfy.sh/topic', 'ntfy'],
    ['https://ntfy.company.example:8443/topic', 'ntfy'],
    ['https://hooks.slack.com/services/T0/B0/XYZ', 'slack'],
    ['https://discord.com/api/webhooks/1/abc/slack', 'slack'],
    ['https://discord.com/api/webhooks/1/abc', 'discord'],
    ['https://evildiscord.com/api/webhooks/1/abc', 'plain'],
    ['https://hooks.slack.com.evil.example/x', 'plain'],
    ['https://anything.example/hook?key=1', 'plain'],
  ])('%s is told as %s', (url, format) => {
    expect(settingsFrom({ NOTIFY_URL: url }).notify?.format).toBe(format);
  });

  test('is read whole, and NOTIFY_FORMAT wins', () => {
    const env = {
      NOTIFY_URL: 'https://Push.Example:8443/a/b?key=c',
      NOTIFY_TOKEN: 'tk_SECRET_TOKEN',
      NOTIFY_FORMAT: 'slack',
    };
    expect(settingsFrom(env).notify).toEqual({
      url: env.NOTIFY_URL,
      name: 'push.example',
      port: 8443,
      secure: true,
      path: '/a/b?key=c',
      format: 'slack',
      authorization: 'Bearer tk_SECRET_TOKEN',
      on: ['waits', 'ends', 'fails', 'limit', 'degraded'],
    });
  });

  test('may come from a file, and may have an account', () => {
    expect(settingsFrom({ NOTIFY_URL_FILE: '/run/secrets/url' }).notify?.path).toBe('/SECRET-TOPIC');
    const { notify } = settingsFrom({ NOTIFY_URL: 'https://me:p%40ss@push.example/x' });
    expect(notify?.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  test('NOTIFY_ON takes words of the list, each once', () => {
    expect(
      settingsFrom({ NOTIFY_URL: 'https://a.example/', NOTIFY_ON: 'turn, waits,turn' }).notify?.on,
    ).toEqual(['waits', 'turn']);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['plain HTTP', { NOTIFY_URL: 'http://a.example/SECRET' }, /no https URL/],
    ['no URL', { NOTIFY_URL: 'SECRET' }, /no https URL/],
    ['another scheme', { NOTIFY_URL: 'ftp://a.example/SECRET' }, /no https URL/],
    ['an address', { NOTIFY_URL: 'https://198.51.100.1/SECRET' }, /no host name/],
    ['an IPv6 address', { NOTIFY_URL: 'https://[2001:db8::1]/SECRET' }, /no host name/],
    ['an address in disguise', { NOTIFY_URL: 'https://0x7f000001/SECRET' }, /no host name/],
    ['port 53', { NOTIFY_URL: 'https://a.example:53/SECRET' }, /port 53/],
    ['a fragment', { NOTIFY_URL: 'https://a.example/#SECRET' }, /fragment/],
    [
      'an account beside a token',
      { NOTIFY_URL: 'https://a:SECRET@a.example/', NOTIFY_TOKEN: 'x' },
      /although/,
    ],
    ['a token alone', { NOTIFY_TOKEN: 'SECRET' }, /without NOTIFY_URL/],
    ['words alone', { NOTIFY_ON: 'waits' }, /without NOTIFY_URL/],
    ['a word nobody knows', { NOTIFY_URL: 'https://a.example/', NOTIFY_ON: 'waits,SECRET' }, /not one of/],
    ['a format nobody knows', { NOTIFY_URL: 'https://a.example/', NOTIFY_FORMAT: 'SECRET' }, /not one of/],
  ])('%s is a fault that shows nothing of it', (_, env, fault) => {
    const faults = faultsFrom(env);
    expect(faults.map((one) => one.fault).join('\n')).toMatch(fault);
    expect(JSON.stringify(faults)).not.toContain('SECRET');
  });
});

describe('where telemetry goes', () => {
  test('nowhere unless asked', () => {
    expect(settingsFrom({ OTEL_SERVICE_NAME: 'x', OTEL_LOG_USER_PROMPTS: '1' }).telemetry).toBeNull();
  });

  test('the operator’s headers stay here, and what Claude is told holds no host', () => {
    const { telemetry } = settingsFrom({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example/otlp',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20SECRET_TOKEN,x-scope=a=b',
      OTEL_RESOURCE_ATTRIBUTES: 'team=platform, env=night',
      OTEL_SERVICE_NAME: 'night',
      BOX_NAME: 'shift',
      FLY_APP_NAME: 'app',
      FLY_MACHINE_ID: '148e',
      FLY_REGION: 'ams',
    });
    expect(telemetry).toEqual({
      name: 'otel.example',
      port: 443,
      secure: true,
      path: '/otlp',
      headers: { authorization: 'Bearer SECRET_TOKEN', 'x-scope': 'a=b' },
      variables: {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
        OTEL_SERVICE_NAME: 'night',
        OTEL_RESOURCE_ATTRIBUTES:
          'team=platform,env=night,cloister.box=shift,fly.app=app,fly.machine=148e,fly.region=ams',
        OTEL_LOG_USER_PROMPTS: '0',
        OTEL_LOG_TOOL_DETAILS: '0',
      },
    });
  });

  test('nobody says that a box is another one', () => {
    const { telemetry } = settingsFrom({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example',
      OTEL_RESOURCE_ATTRIBUTES: 'cloister.box=another',
    });
    expect(telemetry?.variables.OTEL_RESOURCE_ATTRIBUTES).toBe('cloister.box=box');
  });

  test('Grafana Cloud’s three variables say it all', () => {
    const { telemetry } = settingsFrom({
      GRAFANA_CLOUD_INSTANCE_ID: '123456',
      GRAFANA_CLOUD_API_KEY: 'glc_SECRET',
      GRAFANA_CLOUD_OTLP_ENDPOINT: 'https://otlp-gateway.example/otlp',
    });
    expect(telemetry).toMatchObject({
      name: 'otlp-gateway.example',
      path: '/otlp',
      headers: { authorization: `Basic ${Buffer.from('123456:glc_SECRET').toString('base64')}` },
      variables: { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative' },
    });
  });

  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example' };
  const plain = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.example:4318' };

  test('plain HTTP will do where no credential goes', () => {
    expect(settingsFrom(plain).telemetry).toMatchObject({ secure: false, port: 4318, headers: {} });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a credential over plain HTTP', { ...plain, OTEL_EXPORTER_OTLP_HEADERS: 'a=SECRET' }, /no https URL/],
    [
      'an account in the URL',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://a:SECRET@otel.example' },
      /credentials/,
    ],
    ['a query in the URL', { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example/?k=SECRET' }, /query/],
    ['headers alone', { OTEL_EXPORTER_OTLP_HEADERS: 'a=SECRET' }, /without/],
    ['a header without a value', { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'SECRET' }, /no list/],
    ['a header with a line break', { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'a=b%0d%0aSECRET' }, /no list/],
    ['a broken encoding', { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'a=%zzSECRET' }, /no list/],
    ['the header Host', { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'host=SECRET' }, /no list/],
    ['gRPC', { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /gRPC is not relayed/],
    ['a switch that is none', { ...endpoint, OTEL_LOG_USER_PROMPTS: 'SECRET' }, /neither 0 nor 1/],
    ['attributes that are none', { ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'a=b,SECRET' }, /no list/],
    ['one of Grafana’s three', { GRAFANA_CLOUD_API_KEY: 'SECRET' }, /others of the three/],
    ['both kinds', { ...endpoint, GRAFANA_CLOUD_INSTANCE_ID: '1' }, /both set/],
  ])('%s is a fault that shows nothing of it', (_, env, fault) => {
    const faults = faultsFrom(env);
    expect(faults.map((one) => one.fault).join('\n')).toMatch(fault);
    expect(JSON.stringify(faults)).not.toContain('SECRET');
  });
});

test('every credential of both is hidden, whole and in parts; a short word is not', () => {
  const secrets = secretsOf(
    settingsFrom({
      NOTIFY_URL: 'https://ntfy.sh/SECRET-TOPIC',
      NOTIFY_TOKEN: 'tk_SECRET_TOKEN',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example/otlp',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20SECRET_BEARER,x-scope=night',
    }),
  );
  expect(secrets).toEqual(
    expect.arrayContaining([
      'https://ntfy.sh/SECRET-TOPIC',
      'SECRET-TOPIC',
      'tk_SECRET_TOKEN',
      'SECRET_BEARER',
    ]),
  );
  expect(secrets).not.toContain('night');
});
