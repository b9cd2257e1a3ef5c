import type { Pty } from '../host/pty.ts';
import type { Terminal } from '../host/terminal.ts';
import { EscapeFilter } from './escape/filter.ts';
import { judgeSequence } from './escape/judge-sequence.ts';
import { type RelayClock, watchSilence } from './silence.ts';
import { answered, begin, end } from './terminal-modes.ts';

/** Milliseconds the operator's terminal has to answer that it has taken everything, with what it sent before. */
const drain = 1000;
/** Milliseconds after a key or a move of the mouse in which the session may write to the operator's clipboard. */
const gesture = 5000;
/** A plain VT220: what the terminal can do is told by TERM and tmux.conf. */
const identity = Buffer.from('\x1b[?62c');

/**
 * Relays between the operator's terminal and a client on an inner pty, so that the agent never holds the operator's
 * terminal itself. The agent owns the client's server, so the client's every octet is hostile: only known sequences
 * pass, none of which makes the terminal answer. What the operator types passes unchanged.
 * @param why what is known of a client that says nothing.
 * @returns its code when the client ended or the terminal is gone; null where the operator left a silent one.
 */
export async function relay(
  terminal: Terminal,
  pty: Pty,
  clock: RelayClock,
  why: () => string = () => '',
): Promise<number | null> {
  terminal.raw(true);
  terminal.write(begin);
  const silence = watchSilence({ terminal, pty, clock }, why);
  let typed = Number.NEGATIVE_INFINITY;
  const stopInput = terminal.onInput((bytes) => {
    typed = clock.uptime();
    pty.write(bytes);
    silence.typed(bytes);
  });
  const filter = screenFilter(pty, () => clock.uptime() - typed < gesture);
  pty.onOutput((bytes) => {
    silence.heard(bytes);
    terminal.write(filter.take(bytes));
  });
  // A relay may follow on the same terminal: a pty that ended can't be resized.
  const stopResize = terminal.onResize(() => pty.resize(terminal.size()));
  const stopGone = terminal.onGone(() => pty.end());
  const code = await Promise.race([pty.exited, silence.left.then(() => null)]);
  // Stopped itself it would keep a gentler signal until it goes on.
  if (code === null) pty.end('SIGKILL');
  for (const stop of [stopInput, stopResize]) stop();
  await handBack(terminal, clock);
  stopGone();
  terminal.raw(false);
  return code;
}

function screenFilter(pty: Pty, somebodyIsThere: () => boolean): EscapeFilter {
  let identified = false;
  return new EscapeFilter((sequence) => {
    const verdict = judgeSequence(sequence);
    // tmux waits for this before it uses all it knows of the terminal. Once: whoever asks on must not fill our memory.
    if (verdict === 'identify' && !identified) {
      identified = true;
      pty.write(identity);
    }
    return verdict === 'pass' || (verdict === 'copy' && somebodyIsThere());
  });
}

/** What was on its way, mouse reports above all, is swallowed: it must not reach the operator's shell as typed. */
async function handBack(terminal: Terminal, clock: RelayClock): Promise<void> {
  let came = '';
  const answer = Promise.withResolvers<void>();
  const stop = terminal.onInput((bytes) => {
    came = came.slice(-answered.length) + bytes.toString('latin1');
    if (came.includes(answered)) answer.resolve();
  });
  terminal.write(end);
  await Promise.race([answer.promise, clock.sleep(drain)]);
  // Once: whoever listens next must not be silenced when the time is over.
  stop();
}
