import type { AgentLimits } from '../confinement/agent-limits.ts';
import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import { tasksOf } from '../host/proc/cgroup.ts';
import { fieldOf, listPids, readStatus } from '../host/proc/pid.ts';

/** Milliseconds between two looks at one small file, and after a telling. */
const pause = 250;
const rest = 30_000;
/** Of the bound: what comes so near has met it, or will in this moment. */
const near = 0.97;

interface ProcessWatchParts {
  readonly host: Host;
  readonly log: Log;
  readonly agent: { readonly uid: number; readonly limits?: AgentLimits };
  /** Tells the agent, as it is told of refusals. */
  readonly limited: (text: string) => void;
}

/**
 * Tells when the agent has as many processes and threads as it may have: the kernel tells nobody but the program that
 * asked for one more. All tasks of the container are counted in one file; only many of them are worth a look at each.
 */
export function watchProcesses({ host, log, agent, limited }: ProcessWatchParts): void {
  const most = agent.limits?.processes.count;
  if (most === undefined) return;
  let silentUntil = 0;
  host.every(pause, () => {
    const all = tasksOf(host.files);
    if (all === null || all < most * near || host.uptime() < silentUntil) return;
    const count = countTasks(host, agent.uid);
    if (count < most * near) return;
    silentUntil = host.uptime() + rest;
    log.event('warn', 'agent.processes', { count, most });
    limited(
      `the agent has met its bound of ${most} processes and threads at once; fewer workers need fewer, AGENT_PROCESSES gives more from the next start on`,
    );
  });
}

function countTasks({ files }: Pick<Host, 'files'>, uid: number): number {
  return listPids(files)
    .map((pid) => readStatus(files, pid))
    .filter((status) => Number.parseInt(fieldOf(status, 'Uid'), 10) === uid)
    .reduce((sum, status) => sum + (Number.parseInt(fieldOf(status, 'Threads'), 10) || 0), 0);
}
