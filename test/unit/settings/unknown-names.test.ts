import { describe, expect, test } from 'vitest';
import { schema } from '../../../src/settings/schema.ts';
import { secretNames } from '../../../src/settings/secrets.ts';
import { findUnknown } from '../../../src/settings/unknown-names.ts';

const nothing = { misspelt: [], unused: [] };

describe('a variable that looks like a setting', () => {
  test.each([
    ['ALOW_DOMAINS', 'ALLOW_DOMAINS'],
    ['ALLOW_DOMAIN', 'ALLOW_DOMAINS'],
    ['ALLOW_DOAMINS', 'ALLOW_DOMAINS'],
    ['ALLOWED_DOMAINS', 'ALLOW_DOMAINS'],
    ['GH_PATT', 'GH_PAT'],
    ['HG_PAT', 'GH_PAT'],
    ['gh_pat', 'GH_PAT'],
    ['GH_PAT_FIL', 'GH_PAT_FILE'],
    ['CLAUDE_CODE_OAUTH_TOKE', 'CLAUDE_CODE_OAUTH_TOKEN'],
    ['CLOISTER_REPO_URL', 'REPO_URL'],
    ['REPO_URI', 'REPO_URL'],
    ['RESCUE_INTERVALL', 'RESCUE_INTERVAL'],
    ['PUBLISH_PORT', 'PUBLISH_PORTS'],
    ['DNS_UPSTREAMS', 'DNS_UPSTREAM'],
    ['EXTRA_CA_CERT', 'EXTRA_CA_CERTS'],
    ['OTEL_EXPORTER_OTLP_ENDPONT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['TMPSIZE', 'TMP_SIZE'],
  ])('%s is told with %s', (variable, nearest) => {
    expect(findUnknown({ [variable]: 'x' })).toEqual({ misspelt: [{ variable, nearest }], unused: [] });
  });

  test('is told by its first word although nothing is near', () => {
    expect(findUnknown({ NOTIFY_SOMETHING_ELSE_ALTOGETHER: 'x' }).misspelt).toHaveLength(1);
  });

  test('never more than twenty', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`ALLOW_${index}`, 'x']));
    expect(findUnknown(many).misspelt).toHaveLength(20);
  });
});

test.each([...Object.keys(schema), ...secretNames.flatMap((name) => [name, `${name}_FILE`])])(
  '%s is known',
  (name) => {
    const on = { CLAUDE_CODE_USE_BEDROCK: '1', CLAUDE_CODE_USE_VERTEX: '1' };
    expect(findUnknown({ ...on, [name]: 'x' })).toEqual(nothing);
  },
);

test.each([
  'PATH',
  'HOME',
  'HOSTNAME',
  'TERM',
  'LANG',
  'container',
  'NODE_COMPILE_CACHE',
  'FLY_APP_NAME',
  'FLY_MACHINE_ID',
  'KUBERNETES_SERVICE_HOST',
  'AGENT_SERVICE_HOST',
  'REPO_PORT_443_TCP_ADDR',
  'TMPDIR',
  'http_proxy',
  'TZ',
])('%s is the platform’s', (name) => {
  expect(findUnknown({ [name]: 'x' })).toEqual(nothing);
});

describe('what nobody takes', () => {
  test.each([
    'SENTRY_TOKEN',
    'MY_KEY',
    'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
    'AWS_REGION',
    'AWS_ACCESS_KEY_ID',
    'JAVA_HOME',
  ])('is told: %s', (name) => {
    expect(findUnknown({ [name]: 'x' })).toEqual({ misspelt: [], unused: [name] });
  });

  test('and no more once it is handed on', () => {
    expect(findUnknown({ AGENT_ENV: 'MY_KEY, OTHER', MY_KEY: 'x', OTHER: 'y' })).toEqual(nothing);
  });
});
