import type { Fault } from './fault.ts';

export type Variables = Readonly<Record<string, string | undefined>>;
/** Reads a whole regular file of at most so many bytes as UTF-8; throws where it can't be read. */
export type ReadText = (path: string, most: number) => string;

const longestSecret = 65_536;

export const secretNames = [
  'GH_PAT',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_CUSTOM_HEADERS',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_BEARER_TOKEN_BEDROCK',
  'ANTHROPIC_FOUNDRY_API_KEY',
  'NOTIFY_URL',
  'NOTIFY_TOKEN',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'GRAFANA_CLOUD_API_KEY',
  'HTTPS_PROXY',
] as const;
export type SecretName = (typeof secretNames)[number];

/** A secret as found: a value, nothing said, or a fault already reported. */
export type FoundSecret = { readonly value: string } | 'unset' | 'faulty';

/** Finds a secret in `NAME` or in the file `NAME_FILE` points to; says what is wrong with it otherwise. */
export function findSecret(name: SecretName, env: Variables, read: ReadText, faults: Fault[]): FoundSecret {
  const direct = env[name];
  const path = env[`${name}_FILE`];
  const fail = (variable: string, fault: string, remedy: string): 'faulty' => {
    faults.push({ variable, fault, remedy });
    return 'faulty';
  };
  if (direct !== undefined && path !== undefined) {
    return fail(name, `is set together with ${name}_FILE`, `Keep only one of ${name} and ${name}_FILE.`);
  }
  if (path === undefined) return direct === undefined ? 'unset' : judge(direct, name, name, fail);
  let text: string;
  try {
    text = read(path, longestSecret);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return fail(`${name}_FILE`, `names a file that can't be read (${why})`, mountRemedy(name));
  }
  return judge(text.replace(/\r?\n$/, ''), `${name}_FILE`, name, fail);
}

function judge(
  value: string,
  variable: string,
  name: SecretName,
  fail: (variable: string, fault: string, remedy: string) => 'faulty',
): FoundSecret {
  if (value === '') return fail(variable, 'is empty', setRemedy(name));
  if (name === 'ANTHROPIC_CUSTOM_HEADERS') {
    if (/^([\w-]{1,100}: ?[\x20-\x7e]+(\r?\n|$))+$/.test(value)) return { value };
    return fail(variable, 'is no list of Name: value, a line each', setRemedy(name, "'X-Team: night'"));
  }
  if (!/^[\x21-\x7e]+$/.test(value)) {
    return fail(variable, 'holds white space or characters no token has', setRemedy(name));
  }
  if (/^(["']).*\1$/.test(value)) {
    return fail(variable, 'has quotes around it, which an --env-file makes part of it', setRemedy(name));
  }
  const home = forms.find(([form]) => form.test(value))?.[1] ?? name;
  if (home !== name && forms.some(([, owner]) => owner === name)) {
    return fail(variable, `has the form of ${home}`, `Set it as ${home} instead.`);
  }
  return { value };
}

/** Forms that can't be mistaken. A token of no known form is taken as it is: its maker may change it any day. */
const forms: readonly (readonly [RegExp, SecretName])[] = [
  [/^(github_pat_|gh[oprsu]_)/, 'GH_PAT'],
  [/^sk-ant-oat/, 'CLAUDE_CODE_OAUTH_TOKEN'],
  [/^sk-ant-api/, 'ANTHROPIC_API_KEY'],
];

/** How to set a secret under `docker run` and on Fly. */
export function setRemedy(name: string, example = '…'): string {
  return `docker run: -e ${name}=${example}; Fly: fly secrets set ${name}=${example}`;
}

function mountRemedy(name: string): string {
  return `Mount the file readable by root and set ${name}_FILE to its path inside the container, or ${setRemedy(name)}`;
}
