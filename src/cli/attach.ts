import { attachArgv } from '../agents/tmux.ts';
import { agentEnvironment } from '../confinement/profile.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { Pty } from '../host/pty.ts';
import type { Terminal } from '../host/terminal.ts';
import { agentAsBooted } from '../state/agent-as-booted.ts';
import { parseState } from '../state/box-state.ts';
import { relay } from '../terminal/relay.ts';
import { watchBoot } from './watch-boot.ts';

export interface AttachParts {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly openPty: (options: {
    argv: readonly string[];
    env: Record<string, string>;
    size: { columns: number; rows: number };
  }) => Pty;
  /** On the container's own terminal: offers to come back after a detach, and never ends by itself. */
  readonly stay: boolean;
}

/** Milliseconds between two attempts to enter a session that can't be entered, and how many there are where nobody knows why. */
const pause = 2000;
const mostRefusals = 6;

/** Waits until this boot is ready, showing it as it happens, then relays to the session. */
export async function attach({ host, terminal, openPty, stay }: AttachParts): Promise<number> {
  if (!host.terminal) {
    host.print(
      'attach needs a terminal: use docker exec -it --detach-keys=ctrl-^,ctrl-q, or fly ssh console.\n',
    );
    return ExitCode.platform;
  }
  let refusals = 0;
  for (;;) {
    const failure = await watchBoot(host);
    if (failure !== null) return failure;
    const env = agentEnvironment({ TERM: termOf(host), COLORTERM: host.env.COLORTERM ?? 'truecolor' });
    const pty = openPty({ argv: attachArgv(agentAsBooted(host), host.uid), env, size: terminal.size() });
    const code = await relay(terminal, pty, host, () => troubleOf(host));
    if (parseState(host.files.readIfAny(Paths.state))?.phase === 'stopping') {
      host.print('The box is stopping: your session ended with it.\n');
      return ExitCode.ok;
    }
    if (code !== null && code !== 0 && refusals < mostRefusals) {
      if (refusals === 0) host.print(`The session can't be entered yet. ${troubleOf(host)}\nTrying again.\n`);
      refusals = troubleOf(host) === '' ? refusals + 1 : 1;
      await host.sleep(pause);
      continue;
    }
    refusals = 0;
    if (!stay && code !== 0) {
      host.print(
        'The session was left without an answer. The box goes on; `cloister health` says how it is.\n',
      );
      return ExitCode.failed;
    }
    if (!stay) {
      host.print('Detached. The box goes on; attach again to come back.\n');
      return ExitCode.ok;
    }
    host.print('Detached. The box goes on. Enter comes back; Ctrl-P Ctrl-Q leaves this terminal.\n');
    await nextInput(terminal);
  }
}

/** @returns what init knows to be wrong with the session, as a sentence, or nothing. */
function troubleOf(host: Host): string {
  const { unanswered } = parseState(host.files.readIfAny(Paths.state)) ?? {};
  const reason = unanswered?.session ?? unanswered?.agent;
  return reason === undefined ? '' : `The box is putting it right: ${reason}.`;
}

/** A terminal type the image does not know would leave the screen empty. */
function termOf(host: Host): string {
  const term = host.env.TERM ?? '';
  const known = ['/usr/share/terminfo', '/lib/terminfo', '/usr/lib/terminfo', '/etc/terminfo'].some(
    (folder) => /^[a-zA-Z0-9.+-]+$/.test(term) && host.files.facts(`${folder}/${term[0]}/${term}`) !== null,
  );
  return known && term !== 'dumb' ? term : 'xterm-256color';
}

function nextInput(terminal: Terminal): Promise<void> {
  return new Promise((resolve) => {
    const stop = terminal.onInput((bytes) => {
      if (!bytes.includes(0x0a) && !bytes.includes(0x0d)) return;
      stop();
      resolve();
    });
  });
}
