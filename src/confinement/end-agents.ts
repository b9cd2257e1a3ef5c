import { stopBudget } from '../core/stop-budget.ts';
import type { Host } from '../host/host.ts';
import { confined, type Identity } from './profile.ts';
import { listAgentProcesses } from './shortage.ts';

/** First processes under which every process of the agent's uid is the box's. On a host's own it need not be. */
const boxInits = ['docker-init', 'tini', 'dumb-init', 'catatonit', 'catatonit-static'];

/** Ends every process of the agent's at once, runaway ones and their children included: as the agent, so no other. */
export async function endAgentProcesses(host: Host, agent: Identity): Promise<void> {
  const first = host.files.readIfAny('/proc/1/comm')?.trim() ?? '';
  if (host.pid !== 1 && !boxInits.includes(first)) return;
  standStill(host, agent);
  const argv = confined(['/usr/bin/kill', '-KILL', '--', '-1'], uncounted(agent));
  // It ends with 1 where there was none to end.
  await host.run({ argv, timeout: stopBudget.agents }).catch(() => {});
}

const stop = 19;
/** Looks for who was started meanwhile. */
const mostLooks = 5;

/** What runs as the agent may signal whatever does, so that the program which is to end it would never get to it. */
function standStill(host: Host, agent: Identity): void {
  const seen = new Set<number>();
  for (let left = mostLooks; left > 0; left--) {
    const found = listAgentProcesses(host.files, agent.uid).filter(({ pid }) => !seen.has(pid));
    if (found.length === 0) return;
    for (const { pid } of found) {
      seen.add(pid);
      try {
        host.signal(pid, stop);
      } catch {
        // It ended in this very moment.
      }
    }
  }
}

/** A fork bomb, and what else the agent has started under an operator's client, must not keep it from being ended. */
function uncounted({ limits, ...agent }: Identity): Identity {
  if (limits === undefined) return agent;
  const { nproc: _, ...resources } = limits.resources;
  return { ...agent, limits: { ...limits, resources } };
}
