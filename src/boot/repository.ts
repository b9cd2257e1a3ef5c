import { agentEnvironment, confined, type Identity } from '../core/agent-profile.ts';
import { chainOf } from '../core/errors.ts';
import { Paths } from '../core/paths.ts';
import { printable } from '../core/printable.ts';
import type { Host } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';
import { addUpstream, findUpstream } from './upstream.ts';

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

/**
 * Clones the repository as the agent, without its submodules. What is there already, on a volume, is kept as it is:
 * nothing of ours runs git in it.
 */
export async function cloneRepository(
  host: Host,
  facts: {
    repository: Settings['repository'];
    agent: Identity;
    environment: Readonly<Record<string, string>>;
  },
  onProgress: (line: string) => void,
): Promise<CloneResult> {
  const { repository, agent } = facts;
  if (repository === null) return { kind: 'none' };
  if (host.files.facts(Paths.repository) !== null) return { kind: 'kept' };
  const branch = repository.ref === null ? [] : ['--branch', repository.ref];
  const forkOf = findUpstream(host, { url: repository.url, agent, environment: facts.environment });
  const clone = ['/usr/bin/git', 'clone', '--progress', ...branch, '--', repository.url, Paths.repository];
  const environment = { ...facts.environment, ...disarmed };
  try {
    await host.run({
      argv: confined(clone, agent),
      env: agentEnvironment(environment),
      cwd: Paths.workspace,
      timeout: cloneDeadline,
      onProgress: (line) => onProgress(printable(line)),
    });
    const upstream = await forkOf;
    if (upstream !== null) await addUpstream(host, { upstream, agent, environment });
    return { kind: 'cloned' };
  } catch (error) {
    return { kind: 'failed', reason: chainOf(error) };
  }
}
