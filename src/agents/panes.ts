import { agentPane, named, type SessionPlace, sessionName } from './tmux.ts';

/** What the agent's pane says of Claude. The agent owns pane and server: it is told, never proven. */
export interface AgentSaid {
  readonly state: 'running' | 'failed';
  /** Since the pane was made. */
  readonly restarts: number;
  readonly code: number;
}

export interface Panes {
  /** The process that answered, as it says itself; null where it says nothing. */
  readonly server: number | null;
  /** The processes of the panes that are there. */
  readonly pids: { readonly agent: number | null; readonly shell: number | null };
  /** The pane's id (`%n`), or null where there is none. */
  readonly agent: string | null;
  readonly shell: string | null;
  readonly said: AgentSaid | null;
  /** Ids of those that were kept after their program's end. */
  readonly dead: readonly string[];
}

/** Asks a server who it is. */
export const askServer = ['display-message', '-p', '#{pid}'];

/** The question `parsePanes` takes the answer of. A pane whose program is gone is no pane. */
export const listPanes = [
  ...askServer,
  ';',
  'list-panes',
  '-s',
  '-t',
  `=${sessionName}`,
  '-F',
  '#{?pane_dead,-,#{pane_pid}} #{pane_id} #{@cloister_role} #{@cloister_agent}',
];

/** Most lines that are looked at: whoever owns the server may have made any number. */
const most = 200;

/** Reads what the agent's server says of its panes, and nothing but what is written exactly as it should be. */
export function parsePanes(text: string): Panes {
  const lines = text
    .slice(0, most * 100)
    .split('\n')
    .slice(0, most);
  const found = (role: string) => lines.map((line) => roles.exec(line)).find((match) => match?.[3] === role);
  const said = saying.exec(found('agent')?.[4] ?? '');
  return {
    server: parseServer(lines[0]),
    pids: { agent: numberOf(found('agent')?.[1]), shell: numberOf(found('shell')?.[1]) },
    agent: found('agent')?.[2] ?? null,
    shell: found('shell')?.[2] ?? null,
    said:
      said === null
        ? null
        : { state: said[1] as AgentSaid['state'], restarts: Number(said[2]), code: Number(said[3]) },
    dead: lines.flatMap((line) => kept.exec(line)?.[1] ?? []),
  };
}

/** @returns the process a server says it is. */
export function parseServer(line = ''): number | null {
  return /^[1-9][0-9]{0,8}\n?$/.test(line) ? Number(line) : null;
}

function numberOf(digits: string | undefined): number | null {
  return digits === undefined ? null : Number(digits);
}

const roles = /^([1-9]\d{0,8}) (%\d{1,9}) (agent|shell) ?(.{0,40})$/;
const kept = /^- (%\d{1,9}) (?:agent|shell) /;
const saying = /^(running|failed) (\d{1,6}) (\d{1,3})$/;

/** @returns what takes away the panes that were kept after their program's end; null where there are none. */
export function planRemoval({ dead }: Pick<Panes, 'dead'>): string[] | null {
  return dead.length === 0 ? null : dead.flatMap((pane) => [';', 'kill-pane', '-t', pane]).slice(1);
}

/** @returns what makes the panes that are missing, as arguments of tmux; null where both are there. */
export function planPanes(
  { agent, shell }: Pick<Panes, 'agent' | 'shell'>,
  place: SessionPlace,
): string[] | null {
  const folder = ['-c', place.folder];
  if (agent === null) {
    const how =
      shell === null
        ? ['new-window', '-n', 'claude', '-t', `=${sessionName}:`]
        : ['split-window', '-v', '-b', '-l', '80%', '-t', shell];
    return [...how, ...folder, ...agentPane(place), ...named('agent')];
  }
  if (shell !== null) return null;
  const below = ['split-window', '-v', '-l', '20%', '-t', agent, ...folder, ...named('shell')];
  return [...below, ';', 'select-pane', '-t', agent];
}
