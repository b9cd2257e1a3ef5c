import { bedrockOf, foundryOf, vertexOf } from './cloud.ts';
import type { Fault } from './fault.ts';
import { gatewayRules } from './gateway.ts';
import type { ClaudeSaid, Provider } from './provider.ts';
import { findSecret, type SecretName, setRemedy, type Variables } from './secrets.ts';
import type { ClaudeSettings } from './settings.ts';

const models = [
  'ANTHROPIC_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL',
  'ANTHROPIC_DEFAULT_OPUS_MODEL',
  'ANTHROPIC_DEFAULT_SONNET_MODEL',
  'ANTHROPIC_DEFAULT_HAIKU_MODEL',
  'ANTHROPIC_DEFAULT_FABLE_MODEL',
  'CLAUDE_CODE_SUBAGENT_MODEL',
];
const clouds = [
  { variable: 'CLAUDE_CODE_USE_BEDROCK', find: bedrockOf },
  { variable: 'CLAUDE_CODE_USE_VERTEX', find: vertexOf },
  { variable: 'CLAUDE_CODE_USE_FOUNDRY', find: foundryOf },
] as const;
/** What a gateway without any account is told: Claude Code asks nobody for another one then. */
const nobody = { variable: 'ANTHROPIC_AUTH_TOKEN', value: 'none' };

/** @returns who pays, who answers and which hosts that takes; null where a fault was found. */
export function claudeOf(said: ClaudeSaid, faults: Fault[]): ClaudeSettings | null {
  const before = faults.length;
  const [first, second] = clouds.filter(({ variable }) => said.isOn(variable));
  if (first !== undefined && second !== undefined) {
    const fault = `and ${second.variable} are both on; Claude asks one provider`;
    faults.push({ variable: first.variable, fault, remedy: 'Keep only one of the two.' });
    return null;
  }
  const provider = first === undefined ? directOf(said, faults) : cloudOf(first, said, faults);
  const headers = findSecret('ANTHROPIC_CUSTOM_HEADERS', said.env, said.read, faults);
  if (provider === null || faults.length > before) return null;
  const names = [...provider.variables, ...models].filter((name) => said.env[name] !== undefined);
  const { credentials, rules, google = null } = provider;
  return {
    credentials,
    rules,
    google,
    headers: typeof headers === 'object' ? headers.value : null,
    variables: {
      ...Object.fromEntries(names.map((name) => [name, said.env[name] ?? ''])),
      ...(credentials.length === 0 && said.env.ANTHROPIC_BASE_URL !== undefined
        ? { [nobody.variable]: nobody.value }
        : {}),
    },
  };
}

const accounts: readonly SecretName[] = [
  'CLAUDE_CODE_OAUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
];

/** Anthropic's own service, or whoever stands in for it: one account pays. */
function directOf(said: ClaudeSaid, faults: Fault[]): Provider | null {
  const { env, given, read } = said;
  for (const name of ['ANTHROPIC_FOUNDRY_API_KEY', 'AWS_BEARER_TOKEN_BEDROCK'] as const) {
    if (env[name] === undefined && env[`${name}_FILE`] === undefined) continue;
    const use = name.startsWith('AWS') ? 'CLAUDE_CODE_USE_BEDROCK' : 'CLAUDE_CODE_USE_FOUNDRY';
    faults.push({ variable: name, fault: `is set without ${use}`, remedy: setRemedy(use, '1') });
  }
  const rules = gatewayRules('ANTHROPIC_BASE_URL', env, faults);
  const found = accounts.map((variable) => ({ variable, secret: findSecret(variable, env, read, faults) }));
  const [first, second] = found.filter(({ secret }) => secret !== 'unset');
  if (first !== undefined && second !== undefined) {
    const fault = `and ${second.variable} are both set; it would be unclear which account pays`;
    faults.push({ variable: first.variable, fault, remedy: 'Keep only one of the two.' });
    return null;
  }
  if (first === undefined) {
    if (env.ANTHROPIC_BASE_URL === undefined) faults.push(noAccount(given));
    return { credentials: [], rules, variables: ['ANTHROPIC_BASE_URL'] };
  }
  const { variable, secret } = first;
  const credentials = typeof secret === 'object' ? [{ variable, value: secret.value }] : [];
  return { credentials, rules, variables: ['ANTHROPIC_BASE_URL'] };
}

function noAccount(given: Variables): Fault {
  const remedy = `${setRemedy('CLAUDE_CODE_OAUTH_TOKEN')} (claude setup-token prints one), or ANTHROPIC_API_KEY likewise; a gateway is named by ANTHROPIC_BASE_URL.`;
  const [variable, ...others] = accounts.filter((name) => given[name] === '');
  if (variable !== undefined && others.length === 0) return { variable, fault: 'is empty', remedy };
  const fault = 'and ANTHROPIC_API_KEY are both not set; one is required';
  return { variable: 'CLAUDE_CODE_OAUTH_TOKEN', fault, remedy };
}

function cloudOf(cloud: (typeof clouds)[number], said: ClaudeSaid, faults: Fault[]): Provider | null {
  const other = accounts.find(
    (name) => said.env[name] !== undefined || said.env[`${name}_FILE`] !== undefined,
  );
  // A gateway in front of a cloud may want a token of its own.
  if (other !== undefined && other !== 'ANTHROPIC_AUTH_TOKEN') {
    const fault = `and ${cloud.variable} are both set; it would be unclear which account pays`;
    faults.push({ variable: other, fault, remedy: 'Keep only one of the two.' });
    return null;
  }
  const found = findSecret('ANTHROPIC_AUTH_TOKEN', said.env, said.read, faults);
  const provider = cloud.find(said, faults);
  if (provider === null) return null;
  const token = typeof found === 'object' ? [{ variable: 'ANTHROPIC_AUTH_TOKEN', value: found.value }] : [];
  return {
    ...provider,
    credentials: [...provider.credentials, ...token],
    variables: [cloud.variable, ...provider.variables],
  };
}
