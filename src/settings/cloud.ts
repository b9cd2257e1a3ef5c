import type { Rule, SourcedRule } from '../policy/rule.ts';
import type { Fault } from './fault.ts';
import { gatewayRules } from './gateway.ts';
import type { ClaudeSaid, Provider } from './provider.ts';
import { findSecret, type SecretName, setRemedy } from './secrets.ts';
import type { ClaudeCredential } from './settings.ts';

const longestFile = 65_536;

/** Amazon Bedrock: keys or a token in variables. Profiles, SSO and roles of a machine need files and addresses the box closes. */
export function bedrockOf(said: ClaudeSaid, faults: Fault[]): Provider | null {
  const { env, isOn } = said;
  const token = secretsOf(said, ['AWS_BEARER_TOKEN_BEDROCK'], faults);
  const keys = secretsOf(said, ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'], faults);
  const has = (name: string) => keys.some(({ variable }) => variable === name);
  const enough = token.length > 0 || (has('AWS_ACCESS_KEY_ID') && has('AWS_SECRET_ACCESS_KEY'));
  if (!enough && !isOn('CLAUDE_CODE_SKIP_BEDROCK_AUTH') && faults.length === 0) {
    const fault = 'is on without AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
    const remedy = `${setRemedy('AWS_BEARER_TOKEN_BEDROCK')}. Profiles and roles of the machine do not reach the box.`;
    faults.push({ variable: 'CLAUDE_CODE_USE_BEDROCK', fault, remedy });
  }
  demand(said, { use: 'CLAUDE_CODE_USE_BEDROCK', name: 'AWS_REGION', example: 'eu-central-1' }, faults);
  const own = gatewayRules('ANTHROPIC_BEDROCK_BASE_URL', env, faults);
  const regions = ['AWS_REGION', 'ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION'].flatMap((name) =>
    amazonRules(env[name], name, own.length === 0),
  );
  return {
    credentials: [...token, ...keys],
    rules: own.length === 0 ? regions : own,
    variables: [
      ...['AWS_REGION', 'ANTHROPIC_SMALL_FAST_MODEL_AWS_REGION', 'ANTHROPIC_BEDROCK_BASE_URL'],
      'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
    ],
  };
}

/** Models answer at the one host, their list at the other. */
function amazonRules(region: string | undefined, source: string, wanted: boolean): SourcedRule[] {
  if (region === undefined || !wanted) return [];
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return ['bedrock-runtime', 'bedrock'].map((service) => ({
    rule: https(`${service}.${region}.${domain}`),
    source,
  }));
}

/** Google's Vertex AI: a file of credentials, which becomes one of the agent's. */
export function vertexOf(said: ClaudeSaid, faults: Fault[]): Provider | null {
  const { env, isOn } = said;
  const use = 'CLAUDE_CODE_USE_VERTEX';
  demand(said, { use, name: 'CLOUD_ML_REGION', example: 'global' }, faults);
  demand(said, { use, name: 'ANTHROPIC_VERTEX_PROJECT_ID', example: 'my-project' }, faults);
  const skips = isOn('CLAUDE_CODE_SKIP_VERTEX_AUTH');
  if (!skips)
    demand(
      said,
      { use, name: 'GOOGLE_APPLICATION_CREDENTIALS', example: '/run/secrets/google.json' },
      faults,
    );
  const google = googleOf(said, faults);
  const own = gatewayRules('ANTHROPIC_VERTEX_BASE_URL', env, faults);
  const source = 'CLOUD_ML_REGION';
  const region = env[source];
  return {
    credentials: [],
    rules: [
      ...(own.length > 0 || region === undefined ? own : [{ rule: https(vertexHost(region)), source }]),
      ...(google === null
        ? []
        : [{ rule: https('oauth2.googleapis.com'), source: 'GOOGLE_APPLICATION_CREDENTIALS' }]),
    ],
    variables: [
      ...['CLOUD_ML_REGION', 'ANTHROPIC_VERTEX_PROJECT_ID', 'ANTHROPIC_VERTEX_BASE_URL'],
      'CLAUDE_CODE_SKIP_VERTEX_AUTH',
    ],
    ...(google === null ? {} : { google }),
  };
}

function vertexHost(region: string): string {
  if (region === 'global') return 'aiplatform.googleapis.com';
  if (region === 'us' || region === 'eu') return `aiplatform.${region}.rep.googleapis.com`;
  return `${region}-aiplatform.googleapis.com`;
}

function googleOf({ env, read }: ClaudeSaid, faults: Fault[]): string | null {
  const variable = 'GOOGLE_APPLICATION_CREDENTIALS';
  const path = env[variable];
  if (path === undefined) return null;
  const fail = (fault: string) => {
    faults.push({
      variable,
      fault,
      remedy:
        'Mount the JSON file of a service account readable by root, and name its path inside the container.',
    });
    return null;
  };
  try {
    const text = read(path, longestFile);
    const { type } = JSON.parse(text) as { type?: unknown };
    return type === 'service_account' || type === 'authorized_user'
      ? text
      : fail('names a file that is neither of a service account nor of a user');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'no JSON';
    return fail(`names a file that can't be read (${why})`);
  }
}

/** Microsoft's Foundry, by key. */
export function foundryOf(said: ClaudeSaid, faults: Fault[]): Provider | null {
  const { env, isOn } = said;
  const use = 'CLAUDE_CODE_USE_FOUNDRY';
  const key = secretsOf(said, ['ANTHROPIC_FOUNDRY_API_KEY'], faults);
  if (key.length === 0 && !isOn('CLAUDE_CODE_SKIP_FOUNDRY_AUTH') && faults.length === 0) {
    const remedy = `${setRemedy('ANTHROPIC_FOUNDRY_API_KEY')}. Identities of the machine do not reach the box.`;
    faults.push({ variable: use, fault: 'is on without ANTHROPIC_FOUNDRY_API_KEY', remedy });
  }
  const own = gatewayRules('ANTHROPIC_FOUNDRY_BASE_URL', env, faults);
  const source = 'ANTHROPIC_FOUNDRY_RESOURCE';
  if (env.ANTHROPIC_FOUNDRY_BASE_URL === undefined)
    demand(said, { use, name: source, example: 'my-resource' }, faults);
  const resource = env[source];
  return {
    credentials: key,
    rules:
      own.length > 0 || resource === undefined
        ? own
        : [{ rule: https(`${resource.toLowerCase()}.services.ai.azure.com`), source }],
    variables: [source, 'ANTHROPIC_FOUNDRY_BASE_URL', 'CLAUDE_CODE_SKIP_FOUNDRY_AUTH'],
  };
}

function demand(
  { env }: ClaudeSaid,
  { use, name, example }: { use: string; name: string; example: string },
  faults: Fault[],
): void {
  if (env[name] === undefined)
    faults.push({ variable: name, fault: `is not set, and ${use} is on`, remedy: setRemedy(name, example) });
}

function secretsOf(
  { env, read }: ClaudeSaid,
  names: readonly SecretName[],
  faults: Fault[],
): ClaudeCredential[] {
  return names.flatMap((variable) => {
    const secret = findSecret(variable, env, read, faults);
    return typeof secret === 'object' ? [{ variable, value: secret.value }] : [];
  });
}

function https(name: string): Rule {
  return { name, wildcard: false, port: 443, protocol: 'tls' };
}
