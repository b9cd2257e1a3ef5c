import { agentEnvironment, confined, type Identity } from '../confinement/profile.ts';
import { Paths } from '../core/paths.ts';
import type { ChildSpec } from '../host/host.ts';
import { EscapeFilter } from '../terminal/escape/filter.ts';
import { judgeSequence } from '../terminal/escape/judge-sequence.ts';

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
  const enter = ['/usr/bin/env', `--chdir=${facts.folder}`, '--'];
  return {
    // The folder is entered by the agent: where a path of its own leads is not for root to follow.
    argv: confined(
      [...enter, Paths.outcome, '/usr/local/bin/claude', '--dangerously-skip-permissions', ...facts.task],
      facts.agent,
    ),
    env: agentEnvironment({ ...facts.environment, TERM: 'dumb' }),
    cwd: '/',
    output: 'copy',
    filter: colouredText,
    ...(facts.terminal ? {} : { input: 'inherit' as const }),
  };
}

/** Whoever reads may do so on a terminal, and nobody is there to undo a mode: of all sequences only colours pass. */
function colouredText(): (octets: Buffer) => Buffer {
  const filter = new EscapeFilter(
    (sequence) => judgeSequence(sequence) === 'pass' && /^\[[\d;:]*m$/.test(sequence.toString('latin1', 1)),
  );
  return (octets) => filter.take(octets);
}
