import { describe, expect, test } from 'vitest';
import { renderRule } from '../../../src/policy/rule.ts';
import type { Fault } from '../../../src/settings/fault.ts';
import { readSettings } from '../../../src/settings/read.ts';
import { type Settings, secretsOf } from '../../../src/settings/settings.ts';

const key = '-----BEGIN PRIVATE KEY-----\nTHE_SECRET_LINE_OF_A_KEY\n-----END PRIVATE KEY-----\n';
const files: Record<string, string> = {
  '/run/secrets/google.json': JSON.stringify({ type: 'service_account', private_key: key }),
  '/run/secrets/federated.json': JSON.stringify({ type: 'external_account' }),
  '/run/secrets/bedrock': 'THE_SECRET_FROM_A_FILE\n',
};

function read(path: string): string {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
  return text;
}

const said = (env: Record<string, string>) => readSettings({ GH_PAT: 'none', ...env }, read);

function claudeFrom(env: Record<string, string>): Settings['claude'] {
  const result = said(env);
  expect(result).not.toBeInstanceOf(Array);
  return (result as Settings).claude;
}

const bedrock = { CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'eu-central-1' };
const keys = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'THE_SECRET_KEY' };
const vertex = {
  CLAUDE_CODE_USE_VERTEX: '1',
  ANTHROPIC_VERTEX_PROJECT_ID: 'my-project',
  GOOGLE_APPLICATION_CREDENTIALS: '/run/secrets/google.json',
};
const foundry = { CLAUDE_CODE_USE_FOUNDRY: 'true', ANTHROPIC_FOUNDRY_API_KEY: 'THE_SECRET_KEY' };

describe('the hosts of what is set are put on the list', () => {
  const rows: [string, Record<string, string>, string[]][] = [
    ['none for the public service', { ANTHROPIC_API_KEY: 'k' }, []],
    ['a gateway’s', { ANTHROPIC_BASE_URL: 'https://gw.example.org/anthropic' }, ['gw.example.org']],
    ['of its port', { ANTHROPIC_BASE_URL: 'https://gw.example.org:8443' }, ['gw.example.org:8443']],
    ['of plain HTTP', { ANTHROPIC_BASE_URL: 'http://gw.example.org' }, ['gw.example.org:80']],
    [
      'of plain HTTP elsewhere',
      { ANTHROPIC_BASE_URL: 'http://gw.example.org:4000' },
      ['gw.example.org:4000/tcp'],
    ],
    [
      'none for a neighbour',
      { ANTHROPIC_BASE_URL: 'http://litellm:4000', NEIGHBOURS: 'db:5432, litellm:4000' },
      [],
    ],
    [
      'Bedrock’s in its region',
      { ...bedrock, ...keys },
      ['bedrock-runtime.eu-central-1.amazonaws.com', 'bedrock.eu-central-1.amazonaws.com'],
    ],
    [
      'and of the small model’s',
      { ...bedrock, ...keys, ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION: 'cn-north-1' },
      [
        'bedrock-runtime.eu-central-1.amazonaws.com',
        'bedrock.eu-central-1.amazonaws.com',
        'bedrock-runtime.cn-north-1.amazonaws.com.cn',
        'bedrock.cn-north-1.amazonaws.com.cn',
      ],
    ],
    [
      'a gateway’s in front of Bedrock',
      {
        ...bedrock,
        CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1',
        ANTHROPIC_BEDROCK_BASE_URL: 'https://gw.example.org/b',
        ANTHROPIC_AUTH_TOKEN: 't',
      },
      ['gw.example.org'],
    ],
    [
      'Vertex’s',
      { ...vertex, CLOUD_ML_REGION: 'us-east5' },
      ['us-east5-aiplatform.googleapis.com', 'oauth2.googleapis.com'],
    ],
    [
      'Vertex’s everywhere',
      { ...vertex, CLOUD_ML_REGION: 'global' },
      ['aiplatform.googleapis.com', 'oauth2.googleapis.com'],
    ],
    [
      'Vertex’s of a continent',
      { ...vertex, CLOUD_ML_REGION: 'eu' },
      ['aiplatform.eu.rep.googleapis.com', 'oauth2.googleapis.com'],
    ],
    [
      'Foundry’s',
      { ...foundry, ANTHROPIC_FOUNDRY_RESOURCE: 'My-Resource' },
      ['my-resource.services.ai.azure.com'],
    ],
    [
      'Foundry’s by URL',
      { ...foundry, ANTHROPIC_FOUNDRY_BASE_URL: 'https://f.example.org/anthropic' },
      ['f.example.org'],
    ],
  ];
  test.each(rows)('%s', (_, env, hosts) => {
    expect(claudeFrom(env).rules.map(({ rule }) => renderRule(rule))).toEqual(hosts);
  });
});

test('Claude is told under its own names, and of what is no secret alone', () => {
  const claude = claudeFrom({ ...bedrock, ...keys, ANTHROPIC_MODEL: 'eu.anthropic.claude-sonnet-4-5:0' });
  expect(claude.credentials.map(({ variable }) => variable)).toEqual([
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
  ]);
  expect(claude.variables).toEqual({ ...bedrock, ANTHROPIC_MODEL: 'eu.anthropic.claude-sonnet-4-5:0' });
});

test('a gateway that wants no account is given a word, or Claude would ask for one', () => {
  expect(claudeFrom({ ANTHROPIC_BASE_URL: 'https://gw.example.org' })).toMatchObject({
    credentials: [],
    variables: { ANTHROPIC_AUTH_TOKEN: 'none' },
  });
});

test('secrets come from files, and none is shown: not a line of a key, not a header', () => {
  const settings = said({
    ...bedrock,
    AWS_BEARER_TOKEN_BEDROCK_FILE: '/run/secrets/bedrock',
    ANTHROPIC_CUSTOM_HEADERS: 'X-Team: a\nX-Key: THE_SECRET_HEADER',
  }) as Settings;
  expect(secretsOf(settings)).toEqual(['THE_SECRET_FROM_A_FILE', 'THE_SECRET_HEADER']);
  const google = said({ ...vertex, CLOUD_ML_REGION: 'global' }) as Settings;
  expect(secretsOf(google)).toContain('THE_SECRET_LINE_OF_A_KEY');
});

describe('is refused, with the remedy', () => {
  const token = { ANTHROPIC_API_KEY: 'THE_SECRET_KEY' };
  const rows: [string, Record<string, string>, string, RegExp][] = [
    [
      'two accounts',
      { ...token, ANTHROPIC_AUTH_TOKEN: 'THE_SECRET_TOKEN' },
      'ANTHROPIC_API_KEY',
      /and ANTHROPIC_AUTH_TOKEN are both set/,
    ],
    [
      'an account beside a cloud',
      { ...token, ...bedrock, ...keys },
      'ANTHROPIC_API_KEY',
      /and CLAUDE_CODE_USE_BEDROCK are both set/,
    ],
    [
      'two clouds',
      { ...bedrock, ...vertex },
      'CLAUDE_CODE_USE_BEDROCK',
      /and CLAUDE_CODE_USE_VERTEX are both on/,
    ],
    ['Bedrock without a key', bedrock, 'CLAUDE_CODE_USE_BEDROCK', /is on without AWS_BEARER_TOKEN_BEDROCK/],
    [
      'Bedrock with half a key',
      { ...bedrock, AWS_ACCESS_KEY_ID: 'AKIA' },
      'CLAUDE_CODE_USE_BEDROCK',
      /is on without/,
    ],
    [
      'Bedrock nowhere',
      { CLAUDE_CODE_USE_BEDROCK: '1', ...keys },
      'AWS_REGION',
      /is not set, and CLAUDE_CODE_USE_BEDROCK is on/,
    ],
    [
      'Bedrock’s key alone',
      { ...token, AWS_BEARER_TOKEN_BEDROCK: 'THE_SECRET_KEY' },
      'AWS_BEARER_TOKEN_BEDROCK',
      /is set without CLAUDE_CODE_USE_BEDROCK/,
    ],
    [
      'Vertex without a project',
      { ...vertex, CLOUD_ML_REGION: 'global', ANTHROPIC_VERTEX_PROJECT_ID: '' },
      'ANTHROPIC_VERTEX_PROJECT_ID',
      /is not set/,
    ],
    [
      'Vertex with no file',
      { ...vertex, CLOUD_ML_REGION: 'global', GOOGLE_APPLICATION_CREDENTIALS: '/none' },
      'GOOGLE_APPLICATION_CREDENTIALS',
      /ENOENT/,
    ],
    [
      'Vertex with a file of another kind',
      { ...vertex, CLOUD_ML_REGION: 'global', GOOGLE_APPLICATION_CREDENTIALS: '/run/secrets/federated.json' },
      'GOOGLE_APPLICATION_CREDENTIALS',
      /neither of a service account/,
    ],
    ['Foundry nowhere', foundry, 'ANTHROPIC_FOUNDRY_RESOURCE', /is not set/],
    [
      'a gateway by address',
      { ANTHROPIC_BASE_URL: 'http://192.0.2.1:4000' },
      'ANTHROPIC_BASE_URL',
      /no host name/,
    ],
    [
      'a gateway with an account in it',
      { ANTHROPIC_BASE_URL: 'https://me:THE_SECRET@gw.example.org' },
      'ANTHROPIC_BASE_URL',
      /has credentials in it/,
    ],
    [
      'a gateway that is a neighbour',
      { ANTHROPIC_BASE_URL: 'http://litellm:4000' },
      'ANTHROPIC_BASE_URL',
      /NEIGHBOURS=litellm:4000/,
    ],
    [
      'a gateway that is none',
      { ANTHROPIC_BASE_URL: 'gw.example.org' },
      'ANTHROPIC_BASE_URL',
      /is no http or https URL/,
    ],
    [
      'headers that are none',
      { ...token, ANTHROPIC_CUSTOM_HEADERS: 'THE_SECRET' },
      'ANTHROPIC_CUSTOM_HEADERS',
      /is no list of Name: value/,
    ],
    [
      'a model that is a command',
      { ...token, ANTHROPIC_MODEL: '$(reboot)' },
      'ANTHROPIC_MODEL',
      /is no model's name/,
    ],
    ['no account at all', {}, 'CLAUDE_CODE_OAUTH_TOKEN', /are both not set/],
  ];
  test.each(rows)('%s', (_, env, variable, fault) => {
    const faults = said(env) as readonly Fault[];
    expect(faults).toContainEqual(expect.objectContaining({ variable, fault: expect.stringMatching(fault) }));
    expect(JSON.stringify(faults)).not.toContain('THE_SECRET');
  });
});
