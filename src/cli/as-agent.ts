import { agentEnvironment, confined } from '../confinement/profile.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { agentAsBooted } from '../state/agent-as-booted.ts';
import { parseState } from '../state/box-state.ts';

/**
 * Runs an operator's program as the agent, under its whole profile: for files in and out of the box. Programs are
 * looked for in the image alone, never in the agent's own folder; they start in the workspace.
 * @returns its exit code; 78 without a program, 77 on a terminal, which the agent's user must never hold.
 */
export async function runAsAgent(host: Host, argv: readonly string[]): Promise<number> {
  if (argv.length === 0) {
    host.printError('usage: cloister as-agent PROGRAM [ARGUMENT...]\n');
    return ExitCode.settings;
  }
  if (host.anyTerminal) {
    host.printError(
      'as-agent takes no terminal, for input, output or errors: use docker exec -i, without -t. A shell of the agent is in the session, below Claude.\n',
    );
    return ExitCode.platform;
  }
  const child = host.start({
    argv: confined(argv, agentAsBooted(host)),
    env: agentEnvironment({ PATH: '/usr/local/bin:/usr/bin:/bin', TERM: 'dumb' }),
    cwd: parseState(host.files.readIfAny(Paths.state))?.workspace ?? Paths.workspace,
    output: 'inherit',
    input: 'inherit',
  });
  return child.exited;
}
