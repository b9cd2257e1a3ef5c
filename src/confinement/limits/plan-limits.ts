import { BootError } from '../../core/errors.ts';
import { ExitCode } from '../../core/exit-codes.ts';
import { renderSize } from '../../core/size.ts';
import type { Settings } from '../../settings/settings.ts';
import { type AgentLimits, type Holder, usualLimits } from '../agent-limits.ts';

const MB = 1024 ** 2;
/** Tasks of the container that are never the agent's: init, the egress process, and what operators start. */
const taskReserve = 128;
const fewestUsual = 1000;
/** Bytes of the kernel's memory that a thread takes, with some of its own: as many as that are no use. */
const perThread = 256 * 1024;
const fewestProcesses = 64;
/** The least of the machine's open files that one process of the agent's may have, and the most. */
const descriptors = { least: 4096, most: 65_536 };

/** The control groups that could be made, by controller: their files `cgroup.procs`, each once. */
export interface ControlGroups {
  readonly memory: boolean;
  readonly pids: boolean;
  readonly files: readonly string[];
}

export interface LimitsFacts {
  readonly asked: Pick<Settings, 'agentMemory' | 'agentProcesses'>;
  /** Hard limits of our own by prlimit(1)'s names, `Infinity` for none, and the soft one of open files. */
  readonly hard: Readonly<Record<string, number>>;
  readonly softDescriptors: number;
  /** Tasks that the container may have; null where nobody limits them. */
  readonly taskLimit: number | null;
  /** Bytes the container, or the machine, has. */
  readonly memoryLimit: number | null;
  /** Processors that its programs see: most start a worker for each, and some in each a thread for each. */
  readonly processors: number;
  /** Files that the whole machine may have open. */
  readonly fileLimit: number;
  /** Tasks that the agent's user has outside the box: the kernel counts them as its own. */
  readonly elsewhere: number;
  readonly groups: ControlGroups;
  readonly gaps: readonly string[];
}

/** Decides what bounds the agent. Throws where the operator asked for more than the container has. */
export function planLimits(facts: LimitsFacts): AgentLimits {
  const { groups, hard } = facts;
  const count = processesOf(facts);
  const memory = memoryOf(facts);
  const base = lowered(usualLimits, hard);
  const open = descriptorsOf(facts, count);
  const tasks = groups.pids ? {} : lowered({ nproc: `${facts.elsewhere + count}` }, hard);
  const soft = Math.min(facts.softDescriptors, open);
  return {
    base,
    resources: { ...base, ...tasks, nofile: `${soft}:${open}` },
    groups: groups.files,
    memory: memory === null ? null : { bytes: memory, by: holderOf(groups.memory, 'supervisor') },
    processes: { count, by: holderOf(groups.pids, 'user') },
    descriptors: open,
    gaps: [
      ...(memory === null ? ['memory: add --memory'] : []),
      ...(open * count > facts.fileLimit
        ? [`open files of all its processes together (the machine has ${facts.fileLimit})`]
        : []),
      ...facts.gaps,
    ],
  };
}

function holderOf(grouped: boolean, otherwise: Holder): Holder {
  return grouped ? 'control group' : otherwise;
}

/** @returns what every tool of a machine with so many processors may want at once: twice a thread of each for each. */
function usualProcesses(processors: number, memoryLimit: number | null): number {
  const most = memoryLimit === null ? fewestUsual : Math.floor(memoryLimit / perThread);
  return Math.max(fewestUsual, Math.min(2 * processors * processors, most));
}

function processesOf({ asked: { agentProcesses }, taskLimit, processors, memoryLimit }: LimitsFacts): number {
  const most = taskLimit === null ? Number.POSITIVE_INFINITY : taskLimit - taskReserve;
  if (agentProcesses !== null && agentProcesses > most) {
    throw new BootError({
      message: `AGENT_PROCESSES is ${agentProcesses}, but the container may have ${taskLimit} processes, and ${taskReserve} stay outside the agent's`,
      remedy: `Lower it, or raise --pids-limit to ${agentProcesses + taskReserve}.`,
      code: ExitCode.settings,
    });
  }
  const usual = usualProcesses(processors, memoryLimit);
  return agentProcesses ?? Math.min(usual, Math.max(most, fewestProcesses));
}

/** What stays free of the agent, for the supervisor and what operators start, in bytes. */
export function memoryReserve(limit: number): number {
  return Math.min(256 * MB, limit / 4);
}

function memoryOf({ asked: { agentMemory }, memoryLimit }: LimitsFacts): number | null {
  if (memoryLimit === null) return agentMemory;
  const most = Math.floor((memoryLimit - memoryReserve(memoryLimit)) / MB) * MB;
  if (agentMemory !== null && agentMemory > most) {
    throw new BootError({
      message: `AGENT_MEMORY is ${renderSize(agentMemory)}, but of the ${renderSize(Math.floor(memoryLimit / MB) * MB)} there are ${renderSize(most)} for the agent`,
      remedy: 'Lower it, or raise the memory limit.',
      code: ExitCode.settings,
    });
  }
  return agentMemory ?? most;
}

/** All its processes together should not take the machine's last open file, where it has few of them. */
function descriptorsOf({ hard, fileLimit }: LimitsFacts, processes: number): number {
  const share = Math.floor(fileLimit / 2 / processes);
  const wanted = Math.min(descriptors.most, Math.max(descriptors.least, share));
  return Math.min(wanted, hard.nofile ?? wanted);
}

/** Who runs this may be unable to raise a limit. */
function lowered(wanted: Readonly<Record<string, string>>, hard: Readonly<Record<string, number>>) {
  const least = (name: string, value: string) => `${Math.min(Number(value), hard[name] ?? Number(value))}`;
  return Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, least(name, value)]));
}
