import { printable } from '../core/printable.ts';
import type { Command, Output } from './host.ts';

const mostSaid = 600;

/** A program that did not end well: which one, how, and what it said last. Arguments may be secret and stay out. */
export class CommandError extends Error {
  readonly code: number;
  /** It came to an end of its own: what it said is an answer. Not where it was killed, was late or never started. */
  readonly answered: boolean;
  /** As its message has it: `was ended by SIGKILL`. */
  readonly how: string;

  constructor(command: Command, output: Output, how: string) {
    const said = printable((output.stderr.trim() || output.stdout.trim()).slice(-mostSaid));
    super(`${command.argv[0]} ${how}${said === '' ? '' : `: ${said}`}`);
    this.name = 'CommandError';
    this.code = output.code;
    this.how = how;
    this.answered = how.startsWith('exited');
  }
}

/** Throws an error again that is no answer: who asks by running a program must not take its being killed for a no. */
export function assertAnswered(error: unknown): void {
  if (error instanceof CommandError && !error.answered) throw error;
}

/** Milliseconds a program has unless its command says otherwise. */
export const defaultTimeout = 30_000;
/** What root's own programs see of an environment. */
export const rootEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};
