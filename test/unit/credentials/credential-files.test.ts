import { describe, expect, test } from 'vitest';
import {
  certificateEnvironment,
  planCredentialFiles,
  writeCredentialFiles,
} from '../../../src/credentials/credential-files.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { readSettings } from '../../../src/settings/read.ts';
import type { Settings } from '../../../src/settings/settings.ts';

const token = 'github_pat_0123456789';
const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

function settings(more: Record<string, string> = {}): Settings {
  const env = { GH_PAT: token, CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-x', ...more };
  return readSettings(env, () => pem) as Settings;
}
const planned = (more: Record<string, string> = {}) =>
  Object.fromEntries(
    planCredentialFiles(settings(more)).map(({ path, text }) => [path.split('/').at(-1) ?? '', text]),
  );

describe('the accounts', () => {
  test('give the token where it is needed and nowhere else', () => {
    const files = planned();
    const holding = Object.entries(files).filter(([, text]) => text.includes(token));
    expect(holding.map(([name]) => name).sort()).toEqual(['github-token', 'npmrc']);
    expect(files.npmrc).toContain(`//npm.pkg.github.com/:_authToken=${token}`);
  });

  test('offer the token to github.com alone, over https alone', () => {
    const { gitconfig = '' } = planned();
    expect(gitconfig.match(/\[credential.*\]/g)).toEqual(['[credential "https://github.com"]']);
    expect(gitconfig).not.toMatch(/http:\/\/|\[credential\]/);
    for (const form of ['git@github.com:', 'ssh://git@github.com/', 'git://github.com/'])
      expect(gitconfig).toContain(`insteadOf = ${form}`);
  });

  test('without a GitHub account leave no trace of one', () => {
    const files = planned({ GH_PAT: 'none' });
    expect(Object.keys(files).sort()).toEqual(['claude-credential', 'gitconfig', 'npmrc']);
    expect(JSON.stringify(files)).not.toMatch(/none|credential "|_authToken/);
  });

  test('keep the commit identity the operator gave', () => {
    const { gitconfig } = planned({ GIT_USER_NAME: "Ada O'Neil", GIT_USER_EMAIL: 'ada@example.org' });
    expect(gitconfig).toContain('\tname = "Ada O\'Neil"\n\temail = "ada@example.org"\n');
  });

  test('hold the first prompt as it was written', () => {
    expect(planned({ CLAUDE_PROMPT: '-p "x"\n$(reboot)' }).prompt).toBe('-p "x"\n$(reboot)');
  });

  test('are readable by the agent’s group and nobody else', () => {
    const machine = new FakeMachine();
    writeCredentialFiles(machine.program(), settings(), { agent: { gid: 1000 }, borrowed: [] });
    expect(machine.files.facts('/run/cloister/agent')).toMatchObject({ mode: 0o2750, gid: 1000 });
    for (const path of machine.files.paths.filter((path) => path.startsWith('/run/cloister/agent/'))) {
      expect(machine.files.facts(path)?.mode, path).toBe(0o640);
    }
  });

  test('trust the company’s authorities beside the system’s, in every program', () => {
    const machine = new FakeMachine();
    machine.files.put('/etc/ssl/certs/system-certificates.crt', 'SYSTEM\n\n');
    const own = settings({ EXTRA_CA_CERTS: '/certs/company.pem' });
    writeCredentialFiles(machine.program(), own, { agent: { gid: 1000 }, borrowed: [] });
    expect(machine.files.read('/run/cloister/ca-certificates.crt')).toBe(`SYSTEM\n${pem}`);
    expect(machine.files.facts('/run/cloister/ca-certificates.crt')?.mode).toBe(0o644);
    expect(machine.files.read('/run/cloister/browser-policy.json')).toContain('"MIIB"');
    expect(machine.files.facts('/run/cloister/browser-policy.json')?.mode).toBe(0o644);
    expect(Object.keys(certificateEnvironment(own))).toContain('NODE_EXTRA_CA_CERTS');
    expect(certificateEnvironment(settings())).toEqual({});
  });
});
