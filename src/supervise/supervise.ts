import type { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { BoxState } from '../core/state.ts';
import type { Host } from '../host/host.ts';
import type { Rule } from '../network/allowlist/rule.ts';
import type { Firewall } from '../network/firewall/firewall.ts';
import type { Egress } from './egress.ts';
import type { Kept } from './keep.ts';
import { refreshPause, refreshPins } from './refresh.ts';

/** Milliseconds a child has to end after SIGTERM. */
const grace = 5000;
/** The relay on our own terminal becomes the agent's user for its tmux client; it needs nothing else. */
const relayCapabilities = '-all,+setuid,+setgid,+setpcap,+kill';

export interface SuperviseParts {
  readonly host: Host;
  readonly log: Log;
  readonly quiet: (on: boolean) => void;
  readonly board: { readonly state: BoxState; post(change: Partial<BoxState>): void };
  readonly box: { readonly egress: Egress; readonly firewall: Firewall; readonly session: Kept };
  readonly rules: readonly Rule[];
  readonly relayEnvironment: Readonly<Record<string, string>>;
  readonly whenSignalled: (take: (error: BootError) => void) => void;
}

/** Life after boot: refreshes the pins, shows the session on our own terminal, and stops in order. */
export async function superviseBox(parts: SuperviseParts): Promise<number> {
  const { host, log, board, box } = parts;
  const signalled = new Promise<void>((resolve) => parts.whenSignalled(() => resolve()));
  host.every(refreshPause, () => void refreshPins({ host, board, ...box, rules: parts.rules }));
  const relay = host.terminal ? showSession(parts) : null;
  await signalled;
  board.post({ phase: 'stopping' });
  host.files.remove(Paths.ready);
  relay?.signal('SIGTERM');
  await box.session.stop(grace);
  await box.egress.stop(grace);
  log.event('info', 'box.stopped', {});
  return ExitCode.ok;
}

/** Under `docker run -it` the session takes the terminal over; ending the relay never ends the box. */
function showSession({ host, log, quiet, relayEnvironment }: SuperviseParts) {
  quiet(true);
  const child = host.start({
    argv: [
      '/usr/bin/setpriv',
      '--inh-caps=-all',
      '--ambient-caps=-all',
      `--bounding-set=${relayCapabilities}`,
      '--no-new-privs',
      '--',
      Paths.node,
      Paths.program,
      'attach',
      '--stay',
    ],
    env: relayEnvironment,
    output: 'inherit',
    foreground: true,
  });
  void child.exited.then((code) => {
    quiet(false);
    log.event('info', 'relay.ended', { code });
  });
  return child;
}
