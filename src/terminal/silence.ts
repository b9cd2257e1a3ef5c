import type { Pty } from '../host/pty.ts';
import type { Terminal } from '../host/terminal.ts';

/** Milliseconds a client may be silent: at its start, after a key, and after the keys that leave a session. */
const patience = { start: 3000, key: 10_000, leave: 2000 };
/** Ctrl-B D, as tmux takes it unless its keys were changed; Ctrl-C. */
const leaving = '\x02d';
const interrupt = 0x03;
/** tmux's server, which draws itself, gives the terminal back with this; then its client has only to end. */
const givenBack = '\x1b[?1049l';
const escapeOctet = 0x1b;
/** What is said must show: the client may have been stopped in the middle of a picture. */
const visibly = '\x1b[?2026l\r\n';

export interface RelayClock {
  /** Milliseconds of a clock that nobody sets. */
  uptime(): number;
  sleep(milliseconds: number): Promise<void>;
}

export interface Silence {
  typed(bytes: Buffer): void;
  heard(bytes: Buffer): void;
  /** Resolves when the operator leaves a client that does not answer. */
  readonly left: Promise<void>;
}

/**
 * Watches a client that may say nothing, because its server or itself stands still: says what is waited for, and has
 * the operator leave by keys that otherwise are the client's.
 * @param why what is known of it, or nothing.
 */
export function watchSilence(
  { terminal, pty, clock }: { terminal: Terminal; pty: Pty; clock: RelayClock },
  why: () => string,
): Silence {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  let answers = 0;
  let waiting = false;
  let said = false;
  let last = '';
  const unless = async (milliseconds: number, act: () => void) => {
    const before = answers;
    await clock.sleep(milliseconds);
    if (answers === before) act();
  };
  const say = () => {
    said = true;
    terminal.write(`${visibly}${why()}\r\nWaiting for the session. Ctrl-C leaves it; the box goes on.\r\n`);
  };
  const wait = (milliseconds: number) => {
    if (waiting) return;
    waiting = true;
    void unless(milliseconds, say);
  };
  wait(patience.start);
  return {
    left,
    typed: (bytes) => {
      last = last.slice(-1) + bytes.toString('latin1');
      if (said && bytes.includes(interrupt)) leave();
      if (last.includes(leaving)) void unless(patience.leave, leave);
      last = last.slice(-1);
      wait(patience.key);
    },
    heard: (bytes) => {
      if (bytes.includes(givenBack)) void clock.sleep(patience.leave).then(leave);
      // Until a client has drawn something its terminal echoes the keys for it.
      if (answers === 0 && !bytes.includes(escapeOctet)) return;
      // What was said stands in the client's picture: another size has it drawn anew.
      if (said && answers > 0) redraw(terminal, pty);
      answers += 1;
      waiting = false;
      said = false;
    },
  };
}

function redraw(terminal: Terminal, pty: Pty): void {
  const size = terminal.size();
  pty.resize({ ...size, rows: Math.max(1, size.rows - 1) });
  pty.resize(size);
}
