import { agentEnvironment, confined } from '../core/agent-profile.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { Furnishing } from '../session/furnish.ts';
import type { Settings } from '../settings/settings.ts';
import type { Environment } from './environment.ts';
import { repositoryIn } from './repository.ts';
import { ownNodeEnvironment } from './shed.ts';

/** How many characters of an API key Claude Code keeps to recognise it. */
const keyTail = 20;

/** Puts the agent's home in order, as the agent's user. */
export async function furnishAgent(
  host: Host,
  facts: { settings: Settings; environment: Environment },
): Promise<void> {
  const { settings, environment } = facts;
  const furnishing: Furnishing = {
    home: Paths.home,
    claudeFolder: Paths.claude,
    claudeLink: environment.claudeLink,
    rooms: [Paths.home, Paths.claude, Paths.data, environment.workspace],
    folders: [environment.workspace, environment.claudeLink].filter(isOnData),
    trusted: [environment.workspace, repositoryIn(environment.workspace)],
    approvedKey:
      settings.claude.variable === 'ANTHROPIC_API_KEY' ? settings.claude.value.slice(-keyTail) : null,
    githubToken: settings.githubToken,
  };
  await host.run({
    argv: confined([Paths.node, Paths.program, 'furnish'], environment.agent),
    env: { ...agentEnvironment(), ...ownNodeEnvironment() },
    cwd: '/',
    stdin: JSON.stringify(furnishing),
  });
}

function isOnData(path: string | null): path is string {
  return path?.startsWith(`${Paths.data}/`) === true;
}
