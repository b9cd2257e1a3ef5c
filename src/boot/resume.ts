import { proveBox } from '../checks/self-test.ts';
import { ownNodeEnvironment } from '../confinement/node-environment.ts';
import { agentEnvironment } from '../confinement/profile.ts';
import type { Log } from '../core/log.ts';
import { guardPort, ownAddress, resolverPort } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import { certificateEnvironment, writeAccounts } from '../credentials/credential-files.ts';
import type { Host } from '../host/host.ts';
import { notifyOf } from '../init/notification-of.ts';
import { openWayOut, type WayOut } from '../init/open-egress.ts';
import type { Rulebook } from '../init/policy-store.ts';
import { refreshPins } from '../init/refresh-pins.ts';
import { keepWatch } from '../init/resource-watchdog.ts';
import { watchHealth } from '../init/watch-health.ts';
import { sendable } from '../policy/reserved-hosts.ts';
import { openRescuer, type Rescuer } from '../rescue/init/rescuer.ts';
import type { Handover } from '../state/handover.ts';
import type { Board } from '../state/state-store.ts';
import { holdBootLock } from './environment.ts';
import { openRulebook } from './open-policy.ts';
import { furnishAgent } from './provision-agent.ts';
import { cloneDeadline } from './repository.ts';
import type { Steps } from './step.ts';
import { fetchWork, startWork, type Work } from './work.ts';

export interface ResumeParts {
  readonly host: Host;
  readonly log: Log;
  readonly board: Board;
  readonly steps: Steps;
  readonly handover: Handover;
}

/** What lives on after the boot. */
export interface Box {
  readonly wayOut: WayOut;
  readonly rulebook: Rulebook;
  readonly rescuer: Rescuer;
  readonly work: Work;
}

/** The second half of the boot, with the few capabilities of supervision and no secret in its environment. */
export async function resume({ host, log, board, steps, handover }: ResumeParts): Promise<Box> {
  const { settings, environment } = handover;
  const { agent } = environment;
  const certificates = certificateEnvironment(settings);
  const releaseLock = await holdBootLock(host);
  keepWatch({ host, log, agent });

  // The agent's home and accounts need nothing of the way out: their program starts beside the egress process.
  const [wayOut] = await Promise.all([
    openResolver({ host, log, board, steps, handover }),
    makeHome({ host, steps, handover }),
  ]);
  // The repository's objects come in beside the rest; its files, and whatever could run them, wait for the proof.
  const rulebook = openRulebook({ host, log, handover }, wayOut.setRules);
  const proven = pinNames({ host, board, steps, handover }, wayOut).then(() =>
    steps.step('proof', (tools) => proveBox(host, handover, tools)),
  );
  const ownEnvironment = { ...agentEnvironment(certificates), ...ownNodeEnvironment() };
  const rescue = { host, log, board, settings, agent, bootId: handover.bootId, environment: ownEnvironment };
  const [{ folder, restored }] = await Promise.all([
    steps.step(
      'repository',
      (tools) => fetchWork({ ...rescue, certificates, proven }, tools),
      2 * cloneDeadline,
    ),
    proven,
  ]);
  const rescuer = openRescuer({ ...rescue, restored });
  const work = await steps.step('session', (tools) =>
    startWork({ host, log, board, handover, certificates, folder, rescuer }, tools),
  );
  if (settings.notify?.on.includes('degraded'))
    watchHealth({ host, events: board.events, isReady: () => board.state.phase === 'ready' });
  board.post({ phase: 'ready', readyAt: host.now() });
  host.files.write(Paths.ready, `${board.state.bootId}\n`, 0o644);
  log.event('info', 'boot.ready', { duration: host.uptime() - board.state.startedUptime });
  await releaseLock();
  return { wayOut, rulebook, rescuer, work };
}

async function openResolver({ host, log, board, steps, handover }: ResumeParts): Promise<WayOut> {
  const wayOut = await steps.step('resolver', async ({ undo, say }) => {
    const wayOut = openWayOut({ host, log, board, handover });
    undo(() => wayOut.stop(1000));
    await wayOut.egress.ready;
    say(
      `resolver on ${ownAddress}:${resolverPort}${handover.byAddress ? '; no guard' : `, guard on ${ownAddress}:${guardPort}`}`,
    );
    return wayOut;
  });
  notifyOf(board.events, wayOut.tell);
  return wayOut;
}

function pinNames({ host, board, steps, handover }: Omit<ResumeParts, 'log'>, wayOut: WayOut): Promise<void> {
  const { rules } = handover.settings;
  return steps.step('firewall', async ({ say }) => {
    const { resolved, pending } = await refreshPins({ host, board, ...wayOut, rules });
    say(
      `${wayOut.firewall.size} addresses pinned for ${resolved} names${pending > 0 ? `; ${pending} names still have no answer` : ''}`,
    );
  });
}

async function makeHome({
  host,
  steps,
  handover,
}: Pick<ResumeParts, 'host' | 'steps' | 'handover'>): Promise<void> {
  const { settings, environment } = handover;
  await steps.step('accounts', ({ undo }) => {
    undo(() => host.files.remove(Paths.agent));
    writeAccounts(host, sendable(settings, handover), environment.agent.gid);
  });
  await steps.step('agent', (tools) => furnishAgent(host, { settings, environment }, tools));
}
