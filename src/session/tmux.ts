import { agentEnvironment, confined, type Identity } from '../core/agent-profile.ts';
import { Paths } from '../core/paths.ts';
import type { ChildSpec, Command, Host } from '../host/host.ts';

const tmux = ['/usr/bin/tmux', '-S', Paths.socket];
const configuration = '/etc/cloister/tmux.conf';
export const sessionName = 'cloister';
/** A detached session has no terminal to ask: this size loses no first message and fits most screens. */
const size = { columns: 200, rows: 50 };

/** The tmux server, in the foreground so that init sees it end. */
export function serverSpec(agent: Identity, environment: Readonly<Record<string, string>>): ChildSpec {
  return {
    argv: confined([...tmux, '-f', configuration, '-D'], agent),
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
  const argv = [...tmux, 'attach-session', '-t', `=${sessionName}`];
  return uid === agent.uid ? argv : confined(argv, agent);
}

/** Makes the session: Claude above on 80 %, a shell below on 20 %. */
export async function makeSession(host: Host, facts: { agent: Identity; folder: string }): Promise<void> {
  const run = (args: readonly string[]) => host.run(clientCommand(facts.agent, args));
  const { columns, rows } = size;
  const create = [
    'new-session',
    '-d',
    '-s',
    sessionName,
    '-x',
    `${columns}`,
    '-y',
    `${rows}`,
    '-c',
    facts.folder,
  ];
  await untilServed(host, () => run([...create, '-n', 'claude', '/usr/local/libexec/cloister/agent']));
  await run(['split-window', '-d', '-v', '-l', '20%', '-t', `=${sessionName}:`, '-c', facts.folder]);
}

/**
 * @returns a command to the agent's server, run as the agent. With -N it never starts a server itself: that one would
 * have neither our configuration nor a supervisor, and keep ours from its socket.
 */
export function clientCommand(agent: Identity, args: readonly string[]): Command {
  return { argv: confined([...tmux, '-N', ...args], agent), env: agentEnvironment(), cwd: '/', timeout: 10_000 };
}

/** The server needs a moment until its socket is there. */
async function untilServed<T>(host: Host, attempt: () => Promise<T>): Promise<T> {
  for (let left = 50; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await host.sleep(20);
    }
  }
}
