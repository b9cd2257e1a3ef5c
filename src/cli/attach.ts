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

/** Waits until this boot is ready, showing it as it happens, then relays to the session. */
export async function attach({ host, terminal, openPty, stay }: AttachParts): Promise<number> {
  if (!host.terminal) {
    host.print('attach needs a terminal: use docker exec -it, or fly ssh console.\n');
    return ExitCode.platform;
  }
  for (;;) {
    const failure = await watchBoot(host);
    if (failure !== null) return failure;
    const env = agentEnvironment({ TERM: termOf(host), COLORTERM: host.env.COLORTERM ?? 'truecolor' });
    const pty = openPty({ argv: attachArgv(agentAsBooted(host), host.uid), env, size: terminal.size() });
    await relay(terminal, pty, host);
    if (parseState(host.files.readIfAny(Paths.state))?.phase === 'stopping') {
      host.print('The box is stopping: your session ended with it.\n');
      return ExitCode.ok;
    }
    if (!stay) {
      host.print('Detached. The box goes on; attach again to come back.\n');
      return ExitCode.ok;
    }
    host.print('Detached. The box goes on. Enter comes back; Ctrl-P Ctrl-Q leaves this terminal.\n');
    await nextInput(terminal);
  }
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
