import { createHash } from 'node:crypto';
import { agentEnvironment } from '../core/agent-profile.ts';
import type { Log } from '../core/log.ts';
import { guardPort, ownAddress, resolverPort } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import type { Child, Host } from '../host/host.ts';
import { oneShotSpec } from '../session/one-shot.ts';
import { makeSession, serverSpec } from '../session/tmux.ts';
import { type Kept, keep } from '../supervise/keep.ts';
import { policies } from '../supervise/policies.ts';
import { refreshPins } from '../supervise/refresh.ts';
import { openRescuer, type Rescuer } from '../supervise/rescue/rescuer.ts';
import type { Rulebook } from '../supervise/rulebook.ts';
import { keepWatch } from '../supervise/warden.ts';
import { watchHealth } from '../supervise/watch-health.ts';
import { watchSession } from '../supervise/watch-session.ts';
import { wordOfNews } from '../supervise/word-of.ts';
import { certificateEnvironment, writeAccounts } from './accounts.ts';
import { furnishAgent } from './agent.ts';
import type { Board } from './board.ts';
import { makeCloneProgress } from './clone-progress.ts';
import { openWayOut, type WayOut } from './egress.ts';
import { holdBootLock } from './environment.ts';
import { proveBox } from './proof.ts';
import { cloneDeadline, cloneRepository, repositoryIn } from './repository.ts';
import { noticeFailedClone, type Restored, restoreRescue } from './restore.ts';
import { openRulebook } from './rulebook.ts';
import { type Handover, ownNodeEnvironment } from './shed.ts';
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
  readonly rescuer: Rescuer;
  /** The tmux session, or the agent running once. */
  readonly work: { readonly session: Kept } | { readonly task: Child };
}

/** The second half of the boot, with the few capabilities of supervision and no secret in its environment. */
export async function resume({ host, log, board, steps, handover }: ResumeParts): Promise<Box> {
  const { settings, environment } = handover;
  const { agent, workspace } = environment;
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
  board.onNews((news) => {
    const word = wordOfNews(news);
    if (word !== null) wayOut.tell(word);
  });
  await steps.step('firewall', async ({ say }) => {
    const { resolved, pending } = await refreshPins({ host, board, ...wayOut, rules: settings.rules });
    say(
      `${wayOut.firewall.size} addresses pinned for ${resolved} names${pending > 0 ? `; ${pending} names still have no answer` : ''}`,
    );
  });
  await steps.step('accounts', ({ undo }) => {
    undo(() => host.files.remove(Paths.agent));
    // Nobody takes telemetry where the agent dials for itself.
    writeAccounts(host, handover.byAddress ? { ...settings, telemetry: null } : settings, agent.gid);
  });
  await steps.step('agent', () => furnishAgent(host, { settings, environment }));
  // Before the proof, which attacks its socket as well.
  const rulebook = openRulebook({ host, log, handover }, wayOut.setRules);
  await steps.step('proof', (tools) => proveBox(host, handover, tools));
  const ownEnvironment = { ...agentEnvironment(certificates), ...ownNodeEnvironment() };
  const rescue = { host, log, board, settings, agent, bootId: handover.bootId, environment: ownEnvironment };
  let restored: Restored = { report: null, said: '' };
  const folder = await steps.step(
    'repository',
    async ({ say, warn }) => {
      const { repository } = settings;
      const progress = makeCloneProgress({ host, log, board });
      const result = await cloneRepository(
        host,
        { repository, agent, workspace, environment: certificates },
        progress,
      );
      board.post({ repository: result.kind });
      restored = await restoreRescue(rescue, result.kind);
      const said = [result.kind, restored.said].filter((text) => text !== '').join('; ');
      if (result.kind === 'failed') warn(noticeFailedClone(host, result.reason));
      else if (restored.report?.kind === 'refused' || restored.report?.kind === 'failed') warn(said);
      else say(said);
      return result.kind === 'cloned' || result.kind === 'kept' ? repositoryIn(workspace) : workspace;
    },
    2 * cloneDeadline,
  );
  const rescuer = openRescuer({ ...rescue, restored: restored.report });
  const work = await steps.step('session', async ({ undo, say }) => {
    if (handover.task.length > 0) {
      say('none: the agent runs once');
      const spec = {
        task: handover.task,
        agent,
        environment: certificates,
        folder,
        terminal: host.anyTerminal,
      };
      return { task: host.start(oneShotSpec(spec)) };
    }
    const place = { folder, key: conversationKey(settings.repository?.url ?? '') };
    const kept = keep({
      host,
      log,
      name: 'session',
      policy: policies.session,
      tell: (news) => board.tell(news),
      spec: serverSpec(agent, certificates),
      started: (_, restarts) => {
        board.post({ session: { running: true, restarts } });
        if (restarts > 0) void makeSession(host, { agent, place }).catch(() => {});
      },
      ended: () => {
        board.post({ session: { ...board.state.session, running: false } });
        void rescuer.save('agent ended');
      },
    });
    undo(() => kept.stop(1000));
    await makeSession(host, { agent, place });
    watchSession({ host, log, board, agent, place, ended: () => void rescuer.save('agent ended') });
    return { session: kept };
  });
  if (settings.notify?.on.includes('degraded'))
    watchHealth({ host, tell: wayOut.tell, isReady: () => board.state.phase === 'ready' });
  board.post({ phase: 'ready', readyAt: host.now() });
  host.files.write(Paths.ready, `${board.state.bootId}\n`, 0o644);
  log.event('info', 'boot.ready', { duration: host.now() - board.state.startedAt });
  await releaseLock();
  return { wayOut, rulebook, rescuer, work };
}

/** Another repository on the same volume is other work, with a conversation of its own. */
function conversationKey(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16);
}
