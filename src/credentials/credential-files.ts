import { writeManaged } from '../agents/managed-settings.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { readMounted } from '../host/mounted-file.ts';
import type { Settings } from '../settings/settings.ts';
import { renderBrowserPolicy } from './browser-policy.ts';

/** One file below `/run/cloister/agent`: root's, readable by the agent's group and nobody else. */
export interface CredentialFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Plans the files by which the agent's programs know its accounts. GitHub's token is in two of them: `npmrc` for npm, and
 * `github-token`, which git's helper (the agent's and the rescue's) and `cloister parent` read. The one copy outside of
 * memory is gh's, which `cloister provision-home` writes into the home.
 */
export function planCredentialFiles(settings: Settings, borrowed: readonly string[] = []): CredentialFile[] {
  const at = (name: string, text: string) => ({ path: `${Paths.agent}/${name}`, text });
  const token = settings.githubToken;
  return [
    at('gitconfig', gitconfig(settings, borrowed)),
    at('npmrc', npmrc(token, settings.extraCertificates !== null)),
    at('claude-credential', linesOf(claudeVariables(settings.claude))),
    ...(settings.claude.headers === null ? [] : [at('claude-headers', settings.claude.headers)]),
    ...(settings.claude.google === null ? [] : [at('google-credentials.json', settings.claude.google)]),
    ...(token === null ? [] : [at('github-token', `${token}\n`)]),
    ...(settings.prompt === null ? [] : [at('prompt', settings.prompt)]),
  ];
}

/** What Claude Code is started with: who pays, who answers, which models. */
function claudeVariables({ credentials, variables, google }: Settings['claude']): Record<string, string> {
  return {
    ...Object.fromEntries(credentials.map(({ variable, value }) => [variable, value])),
    ...variables,
    ...(google === null ? {} : { GOOGLE_APPLICATION_CREDENTIALS: `${Paths.agent}/google-credentials.json` }),
  };
}

function linesOf(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Writes the files, and the bundle of certificate authorities that every program reads. */
export function writeCredentialFiles(
  host: Host,
  settings: Settings,
  { agent, borrowed }: { agent: { gid: number }; borrowed: readonly string[] },
): void {
  // Set-gid: what root writes here is readable by the agent's group without a change of owner.
  host.files.ensureFolder(Paths.agent, { mode: 0o2750, gid: agent.gid });
  for (const { path, text } of planCredentialFiles(settings, borrowed)) host.files.write(path, text, 0o640);
  writeManaged(host, settings);
  const system = readMounted(host.files, Paths.systemCertificates) ?? '';
  const extra = settings.extraCertificates ?? '';
  host.files.write(Paths.certificates, `${system.trimEnd()}\n${extra.trim()}\n`, 0o644);
  host.files.write(Paths.browserPolicy, renderBrowserPolicy(extra), 0o644);
}

/** Programs with a list of their own need to be told of the company's certificates; none without such. */
export function certificateEnvironment(settings: Settings): Record<string, string> {
  if (settings.extraCertificates === null) return {};
  const names = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'PIP_CERT'];
  return Object.fromEntries(names.map((name) => [name, Paths.certificates]));
}

function gitconfig(settings: Settings, borrowed: readonly string[]): string {
  const { name, email } = settings.git;
  const helper =
    settings.githubToken === null
      ? []
      : ['[credential "https://github.com"]', '\thelper = /usr/local/libexec/cloister/git-credential'];
  return [
    '[user]',
    `\tname = "${name}"`,
    `\temail = "${email}"`,
    '[init]',
    '\tdefaultBranch = main',
    '[url "https://github.com/"]',
    '\tinsteadOf = git@github.com:',
    '\tinsteadOf = ssh://git@github.com/',
    '\tinsteadOf = git://github.com/',
    '[filter "lfs"]',
    '\tclean = git-lfs clean -- %f',
    '\tsmudge = git-lfs smudge -- %f',
    '\tprocess = git-lfs filter-process',
    '\trequired = true',
    ...helper,
    // Git trusts no repository of somebody else's; who that is, the engine says, and the operator has given it.
    ...(borrowed.length === 0 ? [] : ['[safe]']),
    ...borrowed.flatMap((point) => [`\tdirectory = ${point}`, `\tdirectory = ${point}/*`]),
    '',
  ].join('\n');
}

function npmrc(token: string | null, certificates: boolean): string {
  return [
    `prefix=${Paths.home}/.local`,
    'fund=false',
    'update-notifier=false',
    ...(token === null ? [] : [`//npm.pkg.github.com/:_authToken=${token}`]),
    ...(certificates ? [`cafile=${Paths.certificates}`] : []),
    '',
  ].join('\n');
}
