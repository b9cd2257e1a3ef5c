import { agentEnvironment, confined, type Identity } from '../core/agent-profile.ts';
import type { ChildSpec } from '../host/host.ts';

/**
 * Claude Code run once with the operator's arguments, its output streamed. A terminal of the operator's is never
 * handed on: the agent could read its keystrokes and keep it.
 */
export function oneShotSpec(facts: {
  task: readonly string[];
  agent: Identity;
  environment: Readonly<Record<string, string>>;
  folder: string;
  terminal: boolean;
}): ChildSpec {
  return {
    argv: confined(['/usr/local/bin/claude', '--dangerously-skip-permissions', ...facts.task], facts.agent),
    env: agentEnvironment({ ...facts.environment, TERM: 'dumb' }),
    cwd: facts.folder,
    output: 'copy',
    ...(facts.terminal ? {} : { input: 'inherit' as const }),
  };
}
