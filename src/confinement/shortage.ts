import type { Files } from '../host/host.ts';
import { idleMemoryOf, memoryUseOf } from '../host/proc/cgroup.ts';
import { fieldOf, listPids, readStatus } from '../host/proc/pid.ts';

/** A process of the agent's user. */
export interface AgentProcess {
  readonly pid: number;
  readonly name: string;
  /** Bytes it has in memory, shared ones among them. */
  readonly memory: number;
}

/** What Claude, its pane's program and the tmux server may have before they are chosen like any other. */
const spared = 512 * 1024 ** 2;
const work = new Set(['claude', 'tmux: server', 'agent']);

/**
 * Chooses whom to end where `excess` bytes are too many: the largest first, and no more than it takes. Claude's name is
 * nobody's proof: whoever bears it is spared half a gigabyte and no more.
 */
export function chooseVictims(agentProcesses: readonly AgentProcess[], excess: number): AgentProcess[] {
  const weight = ({ name, memory }: AgentProcess) => memory - (work.has(name) ? spared : 0);
  const victims: AgentProcess[] = [];
  let left = excess;
  for (const agentProcess of [...agentProcesses].sort((one, other) => weight(other) - weight(one))) {
    if (left <= 0 || weight(agentProcess) <= 0) break;
    victims.push(agentProcess);
    left -= agentProcess.memory;
  }
  return victims;
}

/** @returns every process of that user, by what /proc says to everybody. */
export function listAgentProcesses(files: Pick<Files, 'list' | 'readIfAny'>, uid: number): AgentProcess[] {
  return listPids(files)
    .map((pid) => agentProcessOf(pid, readStatus(files, pid), uid))
    .filter((agentProcess) => agentProcess !== null);
}

function agentProcessOf(pid: number, status: string | null, uid: number): AgentProcess | null {
  const field = (name: string) => fieldOf(status, name);
  if (Number.parseInt(field('Uid'), 10) !== uid) return null;
  return { pid, name: field('Name'), memory: (Number.parseInt(field('VmRSS'), 10) || 0) * 1024 };
}

/**
 * @returns the bytes beyond `limit` that the container uses and can't do without, less than 0 where some are free;
 * null where no control group tells.
 */
export function excessOf(files: Pick<Files, 'readIfAny'>, limit: number): number | null {
  const used = memoryUseOf(files);
  if (used === null) return null;
  // What is idle stands in a longer file, and is almost never of interest.
  return used <= limit ? used - limit : used - idleMemoryOf(files) - limit;
}
