import { agentEnvironment, confined, type Identity } from '../confinement/profile.ts';
import { Paths } from '../core/paths.ts';
import { parseParent, repositoryOf } from '../hooks/protocol.ts';
import type { Host } from '../host/host.ts';

interface Facts {
  readonly url: string;
  readonly agent: Identity;
  readonly environment: Readonly<Record<string, string>>;
}

/** @returns the URL of what the repository was forked from, asked for as the agent; null where nobody can say. */
export async function findUpstream(host: Host, { url, agent, environment }: Facts): Promise<string | null> {
  const name = repositoryOf(url);
  if (name === null) return null;
  try {
    const { stdout } = await host.run({
      argv: confined([Paths.repositoryFacts, name], agent),
      env: agentEnvironment(environment),
      cwd: '/',
      timeout: 10_000,
    });
    return parseParent(stdout);
  } catch {
    // A clone without the remote is as good a clone.
    return null;
  }
}

/** Adds the remote `upstream` to a clone that is fresh: nobody has had the time to change its configuration. */
export async function addUpstream(
  host: Host,
  facts: {
    upstream: string;
    agent: Identity;
    environment: Readonly<Record<string, string>>;
    folder: string;
  },
): Promise<void> {
  const { upstream, agent, environment, folder } = facts;
  const add = ['/usr/bin/git', '-C', folder, 'remote', 'add', 'upstream', upstream];
  await host.run({ argv: confined(add, agent), env: agentEnvironment(environment), cwd: '/' });
}
