import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/settings/fault.ts';
import { readSettings } from '../../../src/settings/read.ts';
import { schema } from '../../../src/settings/schema.ts';
import { secretNames } from '../../../src/settings/secrets.ts';
import { type Settings, secretsOf } from '../../../src/settings/settings.ts';

const token = 'github_pat_THE_SECRET_TOKEN';
const claude = 'sk-ant-oat01-THE_SECRET_CLAUDE';
const good = { GH_PAT: token, CLAUDE_CODE_OAUTH_TOKEN: claude };

const files: Record<string, string> = {
  '/run/secrets/token': `${token}\n`,
  '/run/secrets/claude': `${claude}\n`,
  '/run/secrets/windows': `${token}\r\n`,
  '/run/secrets/empty': '\n',
  '/run/secrets/two-lines': `${token}\n${token}\n`,
  '/certs/company.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  '/certs/noise.pem': '-----BEGIN CERTIFICATE-----\nMI\0IB\n-----END CERTIFICATE-----\n',
  '/certs/key.pem': '-----BEGIN PRIVATE KEY-----\nTHE_SECRET_KEY\n',
};

function read(path: string): string {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
  return text;
}

function settingsFrom(env: Record<string, string | undefined>): Settings {
  const result = readSettings({ ...good, ...env }, read);
  expect(result).not.toBeInstanceOf(Array);
  return result as Settings;
}

function faultsFrom(
  env: Record<string, string | undefined>,
  base: Record<string, string> = good,
): readonly Fault[] {
  const result = readSettings({ ...base, ...env }, read);
  expect(result).toBeInstanceOf(Array);
  return result as readonly Fault[];
}

describe('settings', () => {
  test('unset variables get their defaults', () => {
    expect(settingsFrom({})).toEqual({
      githubToken: token,
      claude: {
        credentials: [{ variable: 'CLAUDE_CODE_OAUTH_TOKEN', value: claude }],
        variables: {},
        rules: [],
        headers: null,
        google: null,
      },
      session: { variables: {}, zone: 'UTC', locale: null },
      repository: null,
      git: { name: 'cloister', email: 'cloister@noreply.github.com' },
      repositoryHooks: false,
      prompt: null,
      rules: [],
      neighbours: [],
      sets: [],
      proxy: null,
      allowPrivate: [],
      upstreams: null,
      egressFallback: null,
      boxName: 'box',
      notify: null,
      telemetry: null,
      rescue: { scope: null, interval: 300_000, size: 100 * 1024 ** 2 },
      publishPorts: [],
      extraCertificates: null,
      sizes: {
        workspace: { bytes: 512 * 1024 ** 2, explicit: false },
        tmp: { bytes: 512 * 1024 ** 2, explicit: false },
        home: { bytes: 1024 ** 3, explicit: false },
      },
      agentUser: null,
      agentMemory: null,
      agentProcesses: null,
      bootTimeout: 120_000,
      log: { level: 'info', format: null },
    });
  });

  test('sets of rules are named with or without the @ of a list', () => {
    expect(settingsFrom({ ALLOW_SETS: 'java, @npm-downloads' }).sets).toEqual(['java', 'npm-downloads']);
  });

  test('are frozen', () => {
    expect(Object.isFrozen(settingsFrom({}))).toBe(true);
  });

  test('GH_PAT=none means no GitHub account, and is no secret', () => {
    const settings = settingsFrom({ GH_PAT: 'none' });
    expect(settings.githubToken).toBeNull();
    expect(secretsOf(settings)).toEqual([claude]);
  });

  test.each(['/run/secrets/token', '/run/secrets/windows'])(
    'a secret in %s is read without its line end',
    (path) => {
      expect(settingsFrom({ GH_PAT: undefined, GH_PAT_FILE: path }).githubToken).toBe(token);
    },
  );

  test('an API key serves instead of an OAuth token', () => {
    const settings = settingsFrom({
      CLAUDE_CODE_OAUTH_TOKEN: undefined,
      ANTHROPIC_API_KEY: 'sk-ant-api03-x',
    });
    expect(settings.claude.credentials).toEqual([{ variable: 'ANTHROPIC_API_KEY', value: 'sk-ant-api03-x' }]);
  });

  test('company certificates are read whole', () => {
    expect(settingsFrom({ EXTRA_CA_CERTS: '/certs/company.pem' }).extraCertificates).toContain('MIIB');
  });

  test.each([
    [
      'REPO_URL',
      'https://github.com/you/project.git',
      'repository',
      { url: 'https://github.com/you/project.git', ref: null },
    ],
    [
      'ALLOW_PRIVATE',
      '10.1.0.0/16, 10.9.9.9',
      'allowPrivate',
      [
        { base: '10.1.0.0', prefix: 16, family: 'ipv4' },
        { base: '10.9.9.9', prefix: 32, family: 'ipv4' },
      ],
    ],
    ['DNS_UPSTREAM', '9.9.9.9,2620:fe::fe', 'upstreams', ['9.9.9.9', '2620:fe::fe']],
    ['PUBLISH_PORTS', '3000,8080', 'publishPorts', [3000, 8080]],
    ['EGRESS_FALLBACK', 'address', 'egressFallback', 'address'],
    ['BOX_NAME', 'night-shift', 'boxName', 'night-shift'],
    ['RESCUE', 'tracked', 'rescue', { scope: 'tracked', interval: 300_000, size: 100 * 1024 ** 2 }],
    ['RESCUE_INTERVAL', '90s', 'rescue', { scope: null, interval: 90_000, size: 100 * 1024 ** 2 }],
    ['RESCUE_SIZE', '1m', 'rescue', { scope: null, interval: 300_000, size: 1024 ** 2 }],
    ['FLY_APP_NAME', 'my-app', 'boxName', 'my-app'],
    ['BOOT_TIMEOUT', '30', 'bootTimeout', 30_000],
    ['CLAUDE_PROMPT', 'fix "it"\nnow', 'prompt', 'fix "it"\nnow'],
    ['AGENT_MEMORY', '2g', 'agentMemory', 2 * 1024 ** 3],
  ])('%s=%s is understood', (variable, value, key, wanted) => {
    expect(settingsFrom({ [variable]: value })[key as keyof Settings]).toEqual(wanted);
  });

  test('REPO_REF goes with REPO_URL', () => {
    const settings = settingsFrom({ REPO_URL: 'https://github.com/you/p', REPO_REF: 'release/1.2' });
    expect(settings.repository).toEqual({ url: 'https://github.com/you/p', ref: 'release/1.2' });
  });
});

describe('a bad secret stops the boot', () => {
  const secrets: [string, Record<string, string | undefined>, string, RegExp][] = [
    ['GH_PAT missing', { GH_PAT: undefined }, 'GH_PAT', /is not set/],
    ['GH_PAT empty', { GH_PAT: '' }, 'GH_PAT', /is empty/],
    ['GH_PAT in both forms', { GH_PAT_FILE: '/run/secrets/token' }, 'GH_PAT', /together with GH_PAT_FILE/],
    [
      'GH_PAT_FILE unreadable',
      { GH_PAT: undefined, GH_PAT_FILE: '/nowhere' },
      'GH_PAT_FILE',
      /can't be read \(ENOENT\)/,
    ],
    [
      'GH_PAT_FILE empty',
      { GH_PAT: undefined, GH_PAT_FILE: '/run/secrets/empty' },
      'GH_PAT_FILE',
      /is empty/,
    ],
    [
      'GH_PAT_FILE with two lines',
      { GH_PAT: undefined, GH_PAT_FILE: '/run/secrets/two-lines' },
      'GH_PAT_FILE',
      /white space/,
    ],
    ['GH_PAT with white space', { GH_PAT: `${token} ` }, 'GH_PAT', /white space/],
    ['GH_PAT with a line end', { GH_PAT: `${token}\n` }, 'GH_PAT', /white space/],
    ['GH_PAT with a control character', { GH_PAT: `${token}\x1b[2J` }, 'GH_PAT', /characters no token has/],
    ['GH_PAT in quotes', { GH_PAT: `"${token}"` }, 'GH_PAT', /quotes around it/],
    ['a Claude token as GH_PAT', { GH_PAT: claude }, 'GH_PAT', /form of CLAUDE_CODE_OAUTH_TOKEN/],
    [
      'a GitHub token for Claude, in a file',
      { CLAUDE_CODE_OAUTH_TOKEN: undefined, CLAUDE_CODE_OAUTH_TOKEN_FILE: '/run/secrets/token' },
      'CLAUDE_CODE_OAUTH_TOKEN_FILE',
      /form of GH_PAT/,
    ],
    [
      'an OAuth token as API key',
      { CLAUDE_CODE_OAUTH_TOKEN: undefined, ANTHROPIC_API_KEY: claude },
      'ANTHROPIC_API_KEY',
      /form of CLAUDE_CODE_OAUTH_TOKEN/,
    ],
    [
      'an API key as OAuth token',
      { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-api03-THE_SECRET' },
      'CLAUDE_CODE_OAUTH_TOKEN',
      /form of ANTHROPIC_API_KEY/,
    ],
    [
      'no Claude credential',
      { CLAUDE_CODE_OAUTH_TOKEN: undefined },
      'CLAUDE_CODE_OAUTH_TOKEN',
      /both not set/,
    ],
    ['CLAUDE_CODE_OAUTH_TOKEN empty', { CLAUDE_CODE_OAUTH_TOKEN: '' }, 'CLAUDE_CODE_OAUTH_TOKEN', /is empty/],
    [
      'CLAUDE_CODE_OAUTH_TOKEN in both forms',
      { CLAUDE_CODE_OAUTH_TOKEN_FILE: '/run/secrets/token' },
      'CLAUDE_CODE_OAUTH_TOKEN',
      /together/,
    ],
    [
      'CLAUDE_CODE_OAUTH_TOKEN_FILE unreadable',
      { CLAUDE_CODE_OAUTH_TOKEN: undefined, CLAUDE_CODE_OAUTH_TOKEN_FILE: '/nowhere' },
      'CLAUDE_CODE_OAUTH_TOKEN_FILE',
      /ENOENT/,
    ],
    [
      'ANTHROPIC_API_KEY empty',
      { CLAUDE_CODE_OAUTH_TOKEN: undefined, ANTHROPIC_API_KEY: '' },
      'ANTHROPIC_API_KEY',
      /is empty/,
    ],
    [
      'ANTHROPIC_API_KEY in both forms',
      {
        CLAUDE_CODE_OAUTH_TOKEN: undefined,
        ANTHROPIC_API_KEY: claude,
        ANTHROPIC_API_KEY_FILE: '/run/secrets/token',
      },
      'ANTHROPIC_API_KEY',
      /together/,
    ],
    [
      'ANTHROPIC_API_KEY_FILE unreadable',
      { CLAUDE_CODE_OAUTH_TOKEN: undefined, ANTHROPIC_API_KEY_FILE: '/nowhere' },
      'ANTHROPIC_API_KEY_FILE',
      /ENOENT/,
    ],
    [
      'both kinds of Claude credential',
      { ANTHROPIC_API_KEY: 'sk-ant-api03-THE_SECRET' },
      'CLAUDE_CODE_OAUTH_TOKEN',
      /both set/,
    ],
  ];

  test.each(secrets)('%s', (_, env, variable, fault) => {
    const faults = faultsFrom(env);
    expect(faults).toContainEqual(expect.objectContaining({ variable, fault: expect.stringMatching(fault) }));
    expect(JSON.stringify(faults)).not.toContain('THE_SECRET');
  });

  test('a missing one is told how to be set under docker run and on Fly', () => {
    expect(faultsFrom({ GH_PAT: undefined })[0]?.remedy).toMatch(
      /docker run: -e GH_PAT=.*fly secrets set GH_PAT=/,
    );
  });
});

describe('a bad value stops the boot', () => {
  const bad: [string, string, RegExp][] = [
    ['WORKSPACE_SIZE', 'big', /no size/],
    ['WORKSPACE_SIZE', '512', /below/],
    ['TMP_SIZE', '-1m', /no size/],
    ['TMP_SIZE', '1.5g', /no size/],
    ['HOME_SIZE', '0', /no size/],
    ['HOME_SIZE', '1m', /below the 16m/],
    ['AGENT_MEMORY', '99999999999999g', /no size/],
    ['AGENT_PROCESSES', '3', /32 to/],
    ['AGENT_PROCESSES', '1e3', /32 to/],
    ['BOOT_TIMEOUT', '0', /5 to 3600/],
    ['REPO_URL', 'https://user:THE_SECRET@github.com/a/b', /credentials/],
    ['REPO_URL', 'https://THE_SECRET@github.com/a/b', /credentials/],
    ['REPO_URL', 'git@github.com:a/b', /no https URL/],
    ['REPO_URL', 'ssh://git@github.com/a/b', /no https URL/],
    ['REPO_URL', 'http://github.com/a/b', /no https URL/],
    ['REPO_URL', 'file:///etc/passwd', /no https URL/],
    ['REPO_URL', 'ext::sh -c whoami', /no https URL/],
    ['REPO_URL', '--upload-pack=/bin/sh', /no https URL/],
    ['REPO_URL', 'https://github.com/a/b;reboot', /characters/],
    ['REPO_URL', 'https://github.com/a/$(reboot)', /characters/],
    ['REPO_URL', 'https://github.com/a/`reboot`', /characters/],
    ['REPO_URL', 'https://github.com/a/b c', /characters/],
    ['REPO_URL', 'https://github.com/a/b\nc', /characters/],
    ['REPO_URL', "https://github.com/a/b'c", /characters/],
    ['REPO_URL', 'https://github.com/a/../../b', /characters/],
    ['REPO_URL', 'https://github.com/a/%2e%2e/b', /characters/],
    ['REPO_URL', 'https://github.com/a/b?token=THE_SECRET', /query/],
    ['REPO_URL', 'https://github.com/a/b#x', /fragment/],
    ['REPO_URL', 'https://', /no URL/],
    ['REPO_URL', 'https://github.com', /characters/],
    ['ALLOW_SETS', 'browsers,', /holds ""/],
    ['ALLOW_SETS', 'Browsers', /holds "Browsers"/],
    ['ALLOW_SETS', '../x', /holds "\.\.\/x"/],
    ['ALLOW_DOMAINS', 'a.example,@java', /rule 2: @java is a set: .* ALLOW_SETS/],
    ['ALLOW_DOMAINS', '*', /rule 1: .* no rule/],
    ['ALLOW_DOMAINS', 'good.example.org,*.com', /rule 2: .*top-level/],
    ['ALLOW_DOMAINS', 'https://example.org', /no rule/],
    ['ALLOW_PRIVATE', '10.0.0.0/33', /holds "10\.0\.0\.0\/33"/],
    ['ALLOW_PRIVATE', 'office', /holds "office"/],
    ['ALLOW_PRIVATE', '169.254.169.254', /nothing opens/],
    ['ALLOW_PRIVATE', '169.254.0.0/16', /nothing opens/],
    ['ALLOW_PRIVATE', '127.0.0.0/8,0.0.0.0', /nothing opens/],
    ['ALLOW_PRIVATE', '168.63.129.16/32,100.100.100.200,192.0.0.192', /nothing opens/],
    ['ALLOW_PRIVATE', '224.0.0.0/4', /nothing opens/],
    ['ALLOW_PRIVATE', '255.255.255.255,240.0.0.0/4', /nothing opens/],
    ['ALLOW_PRIVATE', 'fd00:ec2::254,fd20:ce::254', /nothing opens/],
    ['ALLOW_PRIVATE', '::ffff:169.254.169.254', /nothing opens/],
    ['DNS_UPSTREAM', '224.0.0.251', /holds "224/],
    ['DNS_UPSTREAM', '239.255.255.250', /holds/],
    ['DNS_UPSTREAM', '255.255.255.255', /holds/],
    ['DNS_UPSTREAM', '240.0.0.1', /holds/],
    ['DNS_UPSTREAM', 'ff02::fb', /holds/],
    ['DNS_UPSTREAM', '::ffff:224.0.0.251', /holds/],
    ['DNS_UPSTREAM', '9.9.9.9,0.0.0.1', /holds "0\.0\.0\.1"/],
    ['PUBLISH_PORTS', '53', /holds 53: .* the box's own/],
    ['PUBLISH_PORTS', '443', /holds 443/],
    ['PUBLISH_PORTS', '318', /holds 318/],
    ['PUBLISH_PORTS', '3000,80,22', /holds 80, 22:/],
    ['PUBLISH_PORTS', '1023', /holds 1023/],
    ['PUBLISH_PORTS', '1', /holds 1:/],
    ['DNS_UPSTREAM', '127.0.0.11', /holds/],
    ['DNS_UPSTREAM', '127.1', /holds/],
    ['DNS_UPSTREAM', '::1', /holds/],
    ['DNS_UPSTREAM', '0:0:0:0:0:0:0:1', /holds/],
    ['DNS_UPSTREAM', '::', /holds/],
    ['DNS_UPSTREAM', '::ffff:127.0.0.1', /holds/],
    ['DNS_UPSTREAM', '::ffff:7f00:1', /holds/],
    ['DNS_UPSTREAM', '0.0.0.0', /holds/],
    ['DNS_UPSTREAM', 'dns.google', /holds/],
    ['PUBLISH_PORTS', '0', /holds "0"/],
    ['EGRESS_FALLBACK', 'none', /is not address/],
    ['BOX_NAME', 'Night Shift', /lower-case/],
    ['RESCUE', 'some', /is not one of off, tracked, all/],
    ['RESCUE_INTERVAL', '5', /is no duration/],
    ['RESCUE_INTERVAL', '5s', /at least 10s/],
    ['RESCUE_SIZE', '100k', /below the 1m/],
    ['EGRESS_FALLBACK', 'ADDRESS', /is not address/],
    ['PUBLISH_PORTS', '3000,65536', /holds "65536"/],
    ['PUBLISH_PORTS', '3000,', /holds ""/],
    ['GIT_USER_NAME', 'a"b', /no name/],
    ['GIT_USER_NAME', 'a\n[core]', /no name/],
    ['GIT_USER_NAME', ' ', /no name/],
    ['GIT_USER_NAME', '.,;', /no name/],
    ['GIT_USER_EMAIL', 'nobody', /no e-mail/],
    ['GIT_USER_EMAIL', 'a@b\n[core]', /no e-mail/],
    ['LOG_LEVEL', 'loud', /trace, debug, info/],
    ['LOG_LEVEL', 'INFO', /trace, debug, info/],
    ['LOG_FORMAT', 'xml', /json nor pretty/],
    ['CLAUDE_PROMPT', 'a\0b', /NUL/],
    ['EXTRA_CA_CERTS', 'certs/company.pem', /absolute path/],
    ['EXTRA_CA_CERTS', '/nowhere.pem', /can't be read \(ENOENT\)/],
    ['EXTRA_CA_CERTS', '/certs/noise.pem', /is no text/],
    ['EXTRA_CA_CERTS', '/certs/key.pem', /without a PEM certificate/],
  ];

  test.each(bad)('%s=%j', (variable, value, fault) => {
    const faults = faultsFrom({ [variable]: value });
    expect(faults).toEqual([expect.objectContaining({ variable, fault: expect.stringMatching(fault) })]);
    expect(faults[0]?.remedy).toMatch(
      new RegExp(`docker run: -e ${variable}=.*fly secrets set ${variable}=`),
    );
    expect(JSON.stringify(faults)).not.toContain('THE_SECRET');
  });

  test.each([
    '-x',
    '--upload-pack=x',
    '.hidden',
    '/abs',
    'a..b',
    'a b',
    'a//b',
    'a.lock',
    'a/',
    'x@{1}',
    'a;b',
    'a$b',
    'a\nb',
  ])('REPO_REF=%j', (ref) => {
    const faults = faultsFrom({ REPO_URL: 'https://github.com/a/b', REPO_REF: ref });
    expect(faults).toEqual([expect.objectContaining({ variable: 'REPO_REF' })]);
  });

  test('REPO_REF without REPO_URL', () => {
    expect(faultsFrom({ REPO_REF: 'main' })).toEqual([
      expect.objectContaining({ variable: 'REPO_REF', fault: 'is set without REPO_URL' }),
    ]);
  });

  test.each([...Object.keys(schema), ...secretNames.flatMap((name) => [name, `${name}_FILE`])])(
    '%s that is empty is as good as unset, as Compose sets what nobody has set',
    (name) => {
      const isOurs = name in good;
      const base = isOurs ? { ...good, [name]: undefined, [`${name}_FILE`]: '/run/secrets/token' } : good;
      if (name === 'CLAUDE_CODE_OAUTH_TOKEN')
        Object.assign(base, { CLAUDE_CODE_OAUTH_TOKEN_FILE: '/run/secrets/claude' });
      expect(readSettings({ ...base, [name]: '' }, read)).toEqual(readSettings(base, read));
      expect(readSettings({ ...base, [name]: '' }, read)).not.toBeInstanceOf(Array);
    },
  );

  test('one of Claude’s two that is empty leaves the other', () => {
    const settings = settingsFrom({ CLAUDE_CODE_OAUTH_TOKEN: '', ANTHROPIC_API_KEY: 'sk-ant-api03-x' });
    expect(settings.claude.credentials[0]?.variable).toBe('ANTHROPIC_API_KEY');
  });

  test('every fault is reported at once', () => {
    const faults = faultsFrom(
      {
        LOG_LEVEL: 'loud',
        TMP_SIZE: 'x',
        REPO_URL: 'ssh://a/b',
        ALLOW_DOMAINS: '*,?',
        EXTRA_CA_CERTS: '/nowhere',
      },
      {},
    );
    expect(faults.map(({ variable }) => variable).sort()).toEqual([
      'ALLOW_DOMAINS',
      'ALLOW_DOMAINS',
      'CLAUDE_CODE_OAUTH_TOKEN',
      'EXTRA_CA_CERTS',
      'GH_PAT',
      'LOG_LEVEL',
      'REPO_URL',
      'TMP_SIZE',
    ]);
  });
});
