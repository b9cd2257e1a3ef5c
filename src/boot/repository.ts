import { agentEnvironment, confined, type Identity } from '../confinement/profile.ts';
import { printable } from '../core/printable.ts';
import { assertAnswered } from '../host/command-error.ts';
import type { Command, Host } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';
import { explainClone } from './explain-clone.ts';
import { addUpstream, findUpstream } from './fork-parent.ts';

/** Milliseconds a clone may take: it has its own deadline, because repositories differ. */
export const cloneDeadline = 15 * 60_000;

export type CloneResult =
  | { readonly kind: 'cloned' | 'kept' | 'none' }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * What the agent may have left on a volume of its home does not speak here: no configuration, no program before the
 * system's, no helper that asks. The image's own configuration (`/etc/gitconfig`) does.
 */
const disarmed = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'https',
  PATH: '/usr/local/bin:/usr/bin:/bin',
};

/** @returns where the repository is, in the folder the agent works in. */
export function repositoryIn(workspace: string): string {
  return `${workspace}/repo`;
}

/**
 * Clones the repository as the agent, without its submodules. What is there already, on a volume, is kept as it is:
 * nothing of ours runs git in it.
 */
export async function cloneRepository(
  host: Host,
  facts: {
    repository: Settings['repository'];
    agent: Identity;
    workspace: string;
    environment: Readonly<Record<string, string>>;
  },
  onProgress: (line: string) => void,
): Promise<CloneResult> {
  const { repository, agent } = facts;
  const folder = repositoryIn(facts.workspace);
  if (await isThere(host, folder, agent)) return { kind: 'kept' };
  if (repository === null) return { kind: 'none' };
  const branch = repository.ref === null ? [] : ['--branch', repository.ref];
  const forkOf = findUpstream(host, { url: repository.url, agent, environment: facts.environment });
  // Else a clone that was cut off would pass for the work, on a volume at every boot to come.
  const draft = `${facts.workspace}/.repo.cloning`;
  const clone = ['/usr/bin/git', 'clone', '--progress', ...branch, '--', repository.url, draft];
  const environment = { ...facts.environment, ...disarmed };
  // Where a path of the agent's leads is for the agent to find out: root does not enter it.
  const run = (argv: readonly string[], more: Partial<Command> = {}) =>
    host.run({ argv: confined(argv, agent), env: agentEnvironment(environment), cwd: '/', ...more });
  try {
    await run(['/usr/bin/rm', '-rf', '--', draft]);
    await run(clone, { timeout: cloneDeadline, onProgress: (line) => onProgress(printable(line)) });
    await run(['/usr/bin/mv', '-T', '--', draft, folder]);
    const upstream = await forkOf;
    // A clone without the remote is as good a clone.
    if (upstream !== null) await addUpstream(host, { upstream, agent, environment, folder }).catch(() => {});
    return { kind: 'cloned' };
  } catch (error) {
    return { kind: 'failed', reason: explainClone(error) };
  }
}

/** Asked as the agent: a folder of its own may be closed to everybody else, and init can no longer look into it. */
function isThere(host: Host, path: string, agent: Identity): Promise<boolean> {
  const argv = confined(['/usr/bin/test', '-e', path, '-o', '-L', path], agent);
  return host.run({ argv, env: agentEnvironment(), cwd: '/' }).then(
    () => true,
    (error) => {
      assertAnswered(error);
      return false;
    },
  );
}
