import { confined, type Identity } from '../core/agent-profile.ts';
import type { Host } from '../host/host.ts';

/** First processes under which every process of the agent's uid is the box's. On a host's own it need not be. */
const boxInits = ['docker-init', 'tini', 'dumb-init', 'catatonit', 'catatonit-static'];

/** Ends every process of the agent's at once, runaway ones and their children included: as the agent, so no other. */
export async function endAgentProcesses(host: Host, agent: Identity): Promise<void> {
  const first = host.files.readIfAny('/proc/1/comm')?.trim() ?? '';
  if (host.pid !== 1 && !boxInits.includes(first)) return;
  const argv = confined(['/usr/bin/kill', '-KILL', '--', '-1'], agent);
  // It ends with 1 where there was none to end.
  await host.run({ argv, timeout: 5000 }).catch(() => {});
}
