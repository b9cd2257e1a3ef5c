import { type HomePlan, parseShortages } from '../agents/protocol.ts';
import { ownProgram } from '../confinement/own-program.ts';
import { BootError } from '../core/errors.ts';
import { Paths } from '../core/paths.ts';
import type { StepTools } from '../core/step-tools.ts';
import type { Host } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';
import type { BoxEnvironment } from '../state/environment.ts';
import { repositoryIn } from './repository.ts';

/** How many characters of an API key Claude Code keeps to recognise it. */
const keyTail = 20;

/** Puts the agent's home in order, as the agent's user. A full volume stops this where the agent could not start. */
export async function provisionAgent(
  host: Host,
  facts: { settings: Settings; environment: BoxEnvironment },
  { warn }: Pick<StepTools, 'warn'>,
): Promise<void> {
  const { settings, environment } = facts;
  const plan: HomePlan = {
    home: Paths.home,
    claudeFolder: Paths.claude,
    claudeLink: environment.claudeLink,
    rooms: [Paths.home, Paths.claude, Paths.data, environment.workspace],
    folders: [environment.workspace, environment.claudeLink].filter(isOnData),
    trusted: [environment.workspace, repositoryIn(environment.workspace)],
    approvedKey:
      settings.claude.credentials
        .find(({ variable }) => variable === 'ANTHROPIC_API_KEY')
        ?.value.slice(-keyTail) ?? null,
    githubToken: settings.githubToken,
  };
  const { stdout } = await host.run({
    ...ownProgram(['provision-home'], environment.agent),
    stdin: JSON.stringify(plan),
  });
  const shortages = parseShortages(stdout, plan);
  const needed = shortages.find(({ lack }) => lack === 'needed');
  if (needed !== undefined) throw noRoom(needed.path);
  const spared = [...new Set(shortages.map(({ path }) => path))];
  if (spared.length > 0) warn(`${spared.join(', ')} is full: what the box keeps there was left as it was`);
}

function noRoom(path: string): BootError {
  return new BootError({
    message: `${path} is full: there is no room for what Claude Code needs to start without a question`,
    remedy:
      'Nothing on it was changed. Free some space on that volume, or make it larger: docs/operations.md, "A volume is full".',
  });
}

function isOnData(path: string | null): path is string {
  return path?.startsWith(`${Paths.data}/`) === true;
}
