import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/settings/fault.ts';
import { readSettings } from '../../../src/settings/read.ts';
import { type Settings, secretsOf } from '../../../src/settings/settings.ts';

const good = { GH_PAT: 'github_pat_THE_SECRET', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-THE_SECRET' };
const file = (text: string) => () => text;

function handedOn(env: Record<string, string>, text = ''): Record<string, string> {
  const result = readSettings({ ...good, ...env }, file(text));
  expect(result).not.toBeInstanceOf(Array);
  return (result as Settings).session.variables;
}

function faultsOf(env: Record<string, string>, text = ''): readonly Fault[] {
  const result = readSettings({ ...good, ...env }, file(text));
  expect(result).toBeInstanceOf(Array);
  return result as readonly Fault[];
}

test('AGENT_ENV hands on what it names, as it is, also what is empty', () => {
  const env = {
    AGENT_ENV: 'MY_KEY, NODE_ENV,EMPTY',
    MY_KEY: 'a b\n"c"',
    NODE_ENV: 'test',
    EMPTY: '',
    OTHER: 'x',
  };
  expect(handedOn(env)).toEqual({ MY_KEY: 'a b\n"c"', NODE_ENV: 'test', EMPTY: '' });
});

test('AGENT_ENV_FILE has lines, with comments, quotes and the word export; AGENT_ENV wins', () => {
  const text = '# of the project\r\nexport A="one two"\nB=\'x\'\n\nC=a=b # c\nD=\nMY_KEY=old\n';
  const env = { AGENT_ENV: 'MY_KEY', MY_KEY: 'new', AGENT_ENV_FILE: '/run/secrets/agent.env' };
  expect(handedOn(env, text)).toEqual({ A: 'one two', B: 'x', C: 'a=b # c', D: '', MY_KEY: 'new' });
});

test('what is handed on is hidden in every output, words too short to be a secret apart', () => {
  const settings = readSettings(
    { ...good, AGENT_ENV: 'LONG,SHORT', LONG: 'long-enough', SHORT: 'test' },
    file(''),
  );
  expect(secretsOf(settings as Settings)).toEqual([good.GH_PAT, good.CLAUDE_CODE_OAUTH_TOKEN, 'long-enough']);
});

describe('is never handed on', () => {
  const leading = `PATH HOME LD_PRELOAD LD_LIBRARY_PATH NODE_OPTIONS NODE_PATH BASH_ENV ENV BASH_FUNC_ls__ PROMPT_COMMAND TMUX
    TMUX_TMPDIR HTTPS_PROXY https_proxy no_proxy NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED SSL_CERT_FILE GIT_SSH_COMMAND
    GIT_CONFIG_COUNT GIT_CONFIG_GLOBAL GIT_EXTERNAL_DIFF GIT_EXEC_PATH GIT_DIR GIT_ASKPASS GIT_PAGER SSH_ASKPASS GH_TOKEN
    CLAUDE_CONFIG_DIR CLAUDE_CODE_SHELL_PREFIX CLAUDE_CODE_TMPDIR CLAUDE_CODE_USE_MANTLE ANTHROPIC_UNIX_SOCKET TMPDIR
    NPM_CONFIG_REGISTRY npm_config_userconfig GLIBC_TUNABLES BUN_OPTIONS`;
  test.each(leading.split(/\s+/))('%s, which would lead elsewhere', (name) => {
    const [fault, ...more] = faultsOf({ AGENT_ENV: name, [name]: 'THE_VALUE' });
    expect(more).toEqual([]);
    expect(fault).toMatchObject({
      variable: 'AGENT_ENV',
      fault: expect.stringContaining(`names ${name}, which `),
    });
    expect(JSON.stringify(fault)).not.toContain('THE_VALUE');
  });

  test.each([
    'GH_PAT',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'NOTIFY_URL',
    'GH_PAT_FILE',
    'AGENT_ENV',
    'ANTHROPIC_BASE_URL',
  ])('%s, a setting of the box', (name) => {
    const others = name === 'ANTHROPIC_BASE_URL' ? { [name]: 'https://gw.example.org' } : {};
    expect(faultsOf({ ...others, AGENT_ENV: name })).toContainEqual(
      expect.objectContaining({ fault: `names ${name}, which is a setting of the box's own` }),
    );
  });

  test('a secret of the box under another name', () => {
    const [fault] = faultsOf({ AGENT_ENV: 'MINE', MINE: `token ${good.GH_PAT}` });
    expect(fault?.fault).toBe("names MINE, which holds a secret of the box's own");
  });

  test('keys of a cloud that answers in the place of the model; else they are the project’s', () => {
    const keys = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(handedOn({ ...keys, AGENT_ENV: 'AWS_REGION,AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY' })).toEqual(
      keys,
    );
    const { GH_PAT } = good;
    const env = { GH_PAT, ...keys, CLAUDE_CODE_USE_BEDROCK: '1', AGENT_ENV: 'AWS_ACCESS_KEY_ID' };
    expect(readSettings(env, file(''))).toContainEqual(
      expect.objectContaining({ fault: "names AWS_ACCESS_KEY_ID, which is a setting of the box's own" }),
    );
  });
});

test.each([
  'GIT_AUTHOR_NAME',
  'GIT_LFS_SKIP_SMUDGE',
  'GIT_COMMIT',
  'PYTHONPATH',
  'JAVA_TOOL_OPTIONS',
  'MAX_THINKING_TOKENS',
  'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  'npm_config_jobs',
  'DATABASE_URL',
])('%s may be', (name) => {
  expect(handedOn({ AGENT_ENV: name, [name]: 'x' })).toEqual({ [name]: 'x' });
});

test.each([
  [{ AGENT_ENV: 'NOT_THERE' }, '', /names NOT_THERE, which is not set/],
  [{ AGENT_ENV: 'A=THE_VALUE' }, '', /holds 1 of 1 words that are no name/],
  [{ AGENT_ENV_FILE: 'agent.env' }, '', /is no absolute path/],
  [{ AGENT_ENV_FILE: '/x' }, 'A=1\nTHE_VALUE\n', /is no NAME=value/],
  [{ AGENT_ENV_FILE: '/x' }, 'A=\0', /is no text/],
  [{ AGENT_ENV_FILE: '/x' }, `A=${'x'.repeat(70_000)}`, /hands on more than 65536 characters/],
  [{ TZ: 'Mars/Olympus' }, '', /is no time zone/],
  [{ TZ: ':/etc/passwd' }, '', /is no time zone/],
  [{ LANG: '../x' }, '', /is no locale/],
])('%o is told what is wrong', (env, text, fault) => {
  const faults = faultsOf(env as Record<string, string>, text);
  expect(faults).toContainEqual(expect.objectContaining({ fault: expect.stringMatching(fault) }));
  expect(JSON.stringify(faults)).not.toContain('THE_VALUE');
});
