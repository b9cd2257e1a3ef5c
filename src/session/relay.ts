import type { Pty } from '../host/pty.ts';
import type { Terminal } from '../host/terminal.ts';

/** Milliseconds in which answers that the operator's terminal still owes are swallowed, not left to its shell. */
const drain = 60;
/** Mouse, paste, focus and keyboard modes off, main screen, cursor shown, plain text. */
const reset =
  '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[>4;0m\x1b[<u\x1b[?1l\x1b>\x1b[?1049l\x1b[?25h\x1b[0m\r\n';

/**
 * Relays between the operator's terminal and a client on an inner pty, so that the agent never holds the
 * operator's terminal itself.
 * @returns when the client ended or the terminal is gone.
 */
export async function relay(
  terminal: Terminal,
  pty: Pty,
  sleep: (ms: number) => Promise<void>,
): Promise<number> {
  terminal.raw(true);
  const stopInput = terminal.onInput((bytes) => pty.write(bytes));
  pty.onOutput((bytes) => terminal.write(bytes));
  // A relay may follow on the same terminal: a pty that ended can't be resized.
  const stopResize = terminal.onResize(() => pty.resize(terminal.size()));
  const stopGone = terminal.onGone(() => pty.end());
  const code = await pty.exited;
  for (const stop of [stopInput, stopResize]) stop();
  const stopDrain = terminal.onInput(() => {});
  terminal.write(reset);
  await sleep(drain);
  stopDrain();
  stopGone();
  terminal.raw(false);
  return code;
}
