import type { Log } from '../core/log.ts';
import { guardPort, ownAddress, resolverPort } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import type { Child, Host } from '../host/host.ts';
import { oneShotSpec } from '../session/one-shot.ts';
import { makeSession, serverSpec } from '../session/tmux.ts';
import { type Kept, keep } from '../supervise/keep.ts';
import { refreshPins } from '../supervise/refresh.ts';
import type { Rulebook } from '../supervise/rulebook.ts';
import { keepWatch } from '../supervise/warden.ts';
import { certificateEnvironment, writeAccounts } from './accounts.ts';
import { furnishAgent } from './agent.ts';
import type { Board } from './board.ts';
import { openWayOut, type WayOut } from './egress.ts';
import { holdBootLock } from './environment.ts';
import { proveBox } from './proof.ts';
import { cloneDeadline, cloneRepository } from './repository.ts';
import { openRulebook } from './rulebook.ts';
import type { Handover } from './shed.ts';
import type { Steps } from './step.ts';

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
  /** The tmux session, or the agent running once. */
  readonly work: { readonly session: Kept } | { readonly task: Child };
}

/** The second half of the boot, with the few capabilities of supervision and no secret in its environment. */
export async function resume({ host, log, board, steps, handover }: ResumeParts): Promise<Box> {
  const { settings, environment } = handover;
  const { agent } = environment;
  const certificates = certificateEnvironment(settings);
  const releaseLock = await holdBootLock(host);
  keepWatch({ host, log, agent });

  const wayOut = await steps.step('resolver', async ({ undo, say }) => {
    const wayOut = openWayOut({ host, log, board, handover });
    undo(() => wayOut.stop(1000));
    await wayOut.egress.ready;
    say(
      `resolver on ${ownAddress}:${resolverPort}${handover.byAddress ? '; no guard' : `, guard on ${ownAddress}:${guardPort}`}`,
    );
    return wayOut;
  });
  await steps.step('firewall', async ({ say }) => {
    const { resolved, pending } = await refreshPins({ host, board, ...wayOut, rules: settings.rules });
    say(
      `${wayOut.firewall.size} addresses pinned for ${resolved} names${pending > 0 ? `; ${pending} names still have no answer` : ''}`,
    );
  });
  await steps.step('accounts', ({ undo }) => {
    undo(() => host.files.remove(Paths.agent));
    writeAccounts(host, settings, agent.gid);
  });
  await steps.step('agent', () => furnishAgent(host, { settings, environment }));
  // Before the proof, which attacks its socket as well.
  const rulebook = openRulebook({ host, log, handover }, wayOut.setRules);
  await steps.step('proof', (tools) => proveBox(host, handover, tools));
  const folder = await steps.step(
    'repository',
    async ({ say, warn }) => {
      const { repository } = settings;
      const progress = (line: string) => board.post({ repository: line.slice(0, 200) });
      const result = await cloneRepository(host, { repository, agent, environment: certificates }, progress);
      board.post({ repository: result.kind });
      if (result.kind === 'failed') warn(`the clone failed, the session starts without it: ${result.reason}`);
      else say(result.kind);
      return result.kind === 'cloned' || result.kind === 'kept' ? Paths.repository : Paths.workspace;
    },
    2 * cloneDeadline,
  );
  const work = await steps.step('session', async ({ undo, say }) => {
    if (handover.task.length > 0) {
      say('none: the agent runs once');
      const spec = { task: handover.task, agent, environment: certificates, folder, terminal: host.terminal };
      return { task: host.start(oneShotSpec(spec)) };
    }
    const kept = keep({
      host,
      log,
      name: 'session',
      spec: serverSpec(agent, certificates),
      started: (_, restarts) => {
        board.post({ session: { running: true, restarts } });
        if (restarts > 0) void makeSession(host, { agent, folder }).catch(() => {});
      },
      ended: () => board.post({ session: { ...board.state.session, running: false } }),
    });
    undo(() => kept.stop(1000));
    await makeSession(host, { agent, folder });
    return { session: kept };
  });
  board.post({ phase: 'ready', readyAt: host.now() });
  host.files.write(Paths.ready, `${board.state.bootId}\n`, 0o644);
  log.event('info', 'boot.ready', { duration: host.now() - board.state.startedAt });
  await releaseLock();
  return { wayOut, rulebook, work };
}
