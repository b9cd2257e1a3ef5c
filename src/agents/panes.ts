import { agentPane, named, type Place, sessionName } from './tmux.ts';

/** What the agent's pane says of Claude. The agent owns pane and server: it is told, never proven. */
export interface AgentSaid {
  readonly state: 'running' | 'failed';
  /** Since the pane was made. */
  readonly restarts: number;
  readonly code: number;
}

export interface Panes {
  /** The pane's id (`%n`), or null where there is none. */
  readonly agent: string | null;
  readonly shell: string | null;
  readonly said: AgentSaid | null;
}

/** The question `parsePanes` takes the answer of. */
export const listPanes = [
  'list-panes',
  '-s',
  '-t',
  `=${sessionName}`,
  '-F',
  '#{pane_id} #{@cloister_role} #{@cloister_agent}',
];

/** Most lines that are looked at: whoever owns the server may have made any number. */
const most = 200;

/** Reads what the agent's server says of its panes, and nothing but what is written exactly as it should be. */
export function parsePanes(text: string): Panes {
  const lines = text
    .slice(0, most * 100)
    .split('\n')
    .slice(0, most);
  const found = (role: string) => lines.map((line) => roles.exec(line)).find((match) => match?.[2] === role);
  const said = saying.exec(found('agent')?.[3] ?? '');
  return {
    agent: found('agent')?.[1] ?? null,
    shell: found('shell')?.[1] ?? null,
    said:
      said === null
        ? null
        : { state: said[1] as AgentSaid['state'], restarts: Number(said[2]), code: Number(said[3]) },
  };
}

const roles = /^(%\d{1,9}) (agent|shell) ?(.{0,40})$/;
const saying = /^(running|failed) (\d{1,6}) (\d{1,3})$/;

/** @returns what makes the panes that are missing, as arguments of tmux; null where both are there. */
export function planPanes({ agent, shell }: Panes, place: Place): string[] | null {
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
