import { confined, type Identity, roomy } from '../confinement/profile.ts';
import type { Command, Files } from '../host/host.ts';
import { parseProcess, runsOf } from '../host/proc/process-state.ts';
import type { Panes } from './panes.ts';

/** More children than this the program of Claude's pane has at no time. */
const mostChildren = 20;

/** What the panes run, by what /proc says. Their ids are the agent's word: of no other user's process anything is read. */
export interface Programs {
  /** Ids of those that stand still: stopped, or held by a debugger. */
  readonly stopped: readonly number[];
  /** Claude's id, or null where it is not there. */
  readonly claude: number | null;
  /** Grows whenever Claude is given a processor. */
  readonly runs: number;
}

export function lookAtPrograms(
  files: Pick<Files, 'readIfAny' | 'facts'>,
  { pids }: Pick<Panes, 'pids'>,
  uid: number,
): Programs {
  const read = (pid: number, file: string) => files.readIfAny(`/proc/${pid}/${file}`);
  const isAgents = (pid: number) => files.facts(`/proc/${pid}`)?.uid === uid;
  const { agent, shell } = pids;
  const children = agent === null ? [] : childrenOf(read(agent, `task/${agent}/children`));
  const all = [agent, shell].filter((pid) => pid !== null).concat(children);
  const own = all.filter((pid) => isAgents(pid));
  const claude = own.find((pid) => children.includes(pid) && read(pid, 'comm')?.trim() === 'claude') ?? null;
  return {
    stopped: own.filter((pid) => /^[Tt]$/.test(parseProcess(read(pid, 'stat'))?.state ?? '')),
    claude,
    runs: claude === null ? 0 : runsOf(read(claude, 'status')),
  };
}

function childrenOf(list: string | null): number[] {
  const ids = (list ?? '').split(' ').filter((id) => /^[0-9]+$/.test(id));
  return ids.slice(0, mostChildren).map(Number);
}

/** A signal to processes of the agent's, sent as the agent: the ids are its own word. */
export function signalCommand(
  agent: Identity,
  name: 'CONT' | 'WINCH' | 'KILL',
  pids: readonly number[],
): Command {
  return {
    argv: confined(['/usr/bin/kill', `-${name}`, '--', ...pids.map(String)], roomy(agent)),
    timeout: 5000,
  };
}
