import { agentEnvironment, confined, type Identity, roomy } from '../confinement/profile.ts';
import { Paths } from '../core/paths.ts';
import type { ChildSpec, Command, Host } from '../host/host.ts';

const server = ['/usr/bin/tmux', '-S', Paths.socket];
/** A client that comes too early must not become a server of its own, with another configuration. */
const client = ['/usr/bin/tmux', '-N', '-S', Paths.socket];
const configuration = '/etc/cloister/tmux.conf';
export const sessionName = 'cloister';
/** A detached session has no terminal to ask: this size loses no first message and fits most screens. */
const size = { columns: 200, rows: 50 };

/** The tmux server, in the foreground so that init sees it end. */
export function serverSpec(agent: Identity, environment: Readonly<Record<string, string>>): ChildSpec {
  return {
    argv: confined([Paths.server, Paths.session, ...server, '-f', configuration, '-D'], agent),
    env: agentEnvironment(environment),
    cwd: Paths.workspace,
    output: 'ignore',
  };
}

/**
 * The program of a client on the agent's server. It always runs as the agent: a client obeys its server.
 * @param uid who asks; the agent itself needs no change of user, and could make none.
 */
export function attachArgv(agent: Identity, uid: number): string[] {
  const argv = [...client, 'attach-session', '-t', `=${sessionName}`];
  return uid === agent.uid ? argv : confined(argv, agent);
}

/** Where a session works, and whose conversation it goes on with. */
export interface SessionPlace {
  readonly folder: string;
  /** Tells the conversations of different work apart; letters and digits. */
  readonly key: string;
}

/** The program of Claude's pane. */
export function agentPane({ key }: SessionPlace): string[] {
  return ['/usr/local/libexec/cloister/agent', key];
}

/** Follows a command that made a pane: by this the pane is known again. */
export function named(role: 'agent' | 'shell'): string[] {
  return [';', 'set-option', '-p', '@cloister_role', role];
}

/** Makes the session: Claude above on 80 %, a shell below on 20 %. */
export async function makeSession(
  host: Host,
  facts: { agent: Identity; place: SessionPlace },
): Promise<void> {
  const { agent, place } = facts;
  const screen = ['-x', `${size.columns}`, '-y', `${size.rows}`];
  const make = [
    ...[
      'new-session',
      '-d',
      '-s',
      sessionName,
      ...screen,
      '-c',
      place.folder,
      '-n',
      'claude',
      ...agentPane(place),
    ],
    ...named('agent'),
    ...[';', 'split-window', '-v', '-l', '20%', '-t', `=${sessionName}:`, '-c', place.folder],
    ...named('shell'),
    ...[';', 'select-pane', '-t', `=${sessionName}:.{top}`],
  ];
  await untilServed(host, () => host.run(clientCommand(agent, make)).catch(madeAlready));
}

/** A server that ended as it began is given its session by whoever finds it again first. */
function madeAlready(error: unknown): void {
  if (!/duplicate session: /.test((error as Error).message)) throw error;
}

/** @returns a command to the agent's server, run as the agent. */
export function clientCommand(agent: Identity, args: readonly string[]): Command {
  return { argv: confined([...client, ...args], agent), env: agentEnvironment(), cwd: '/', timeout: 10_000 };
}

/** Clears the place of the server's socket of whatever the agent has put there, as the agent. */
export function clearSocket(agent: Identity): Command {
  const argv = confined([Paths.server, Paths.session, '/usr/bin/true'], roomy(agent));
  return { argv, env: agentEnvironment(), cwd: '/', timeout: 5000 };
}

/** The server needs a moment until its socket is there. */
async function untilServed<T>(host: Host, attempt: () => Promise<T>): Promise<T> {
  for (let left = 200; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await host.sleep(5);
    }
  }
}
