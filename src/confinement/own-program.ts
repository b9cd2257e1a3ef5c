import { Paths } from '../core/paths.ts';
import { ownNodeEnvironment } from './node-environment.ts';
import { agentEnvironment, confined, type Identity } from './profile.ts';

/**
 * The one way to run a program of ours under the agent's profile, in an environment of our making.
 * @param args the command of `cloister` and what follows it.
 * @param environment what is added to that of the agent's programs.
 */
export function ownProgram(
  args: readonly string[],
  identity: Identity,
  environment: Readonly<Record<string, string>> = {},
) {
  return {
    argv: confined([Paths.node, Paths.program, ...args], identity),
    env: { ...agentEnvironment(environment), ...ownNodeEnvironment() },
    cwd: '/',
  };
}
