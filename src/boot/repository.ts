import { agentEnvironment, confined, type Identity } from '../core/agent-profile.ts';
import { chainOf } from '../core/errors.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';

/** Milliseconds a clone may take: it has its own deadline, because repositories differ. */
export const cloneDeadline = 15 * 60_000;

export type CloneResult =
  | { readonly kind: 'cloned' | 'kept' | 'none' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Clones the repository as the agent. What is there already, on a volume, is kept as it is. */
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
  const clone = ['/usr/bin/git', 'clone', '--progress', ...branch, '--', repository.url, Paths.repository];
  try {
    await host.run({
      argv: confined(clone, agent),
      env: agentEnvironment({ ...facts.environment, GIT_TERMINAL_PROMPT: '0' }),
      cwd: Paths.workspace,
      timeout: cloneDeadline,
      onProgress,
    });
    return { kind: 'cloned' };
  } catch (error) {
    return { kind: 'failed', reason: chainOf(error) };
  }
}
