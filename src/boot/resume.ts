import { egressIdentity } from '../core/agent-profile.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Child, Host } from '../host/host.ts';
import { makeAddressJudge } from '../network/address-class.ts';
import { makeAllowlist } from '../network/allowlist/allowlist.ts';
import { type Firewall, makeFirewall } from '../network/firewall/firewall.ts';
import { guardedPorts } from '../network/firewall/plan.ts';
import { guardPort, ownAddress, resolverPort } from '../network/firewall/render.ts';
import { oneShotSpec } from '../session/one-shot.ts';
import { makeSession, serverSpec } from '../session/tmux.ts';
import { type Egress, keepEgress } from '../supervise/egress.ts';
import { type Kept, keep } from '../supervise/keep.ts';
import type { ListInForce } from '../supervise/live-list.ts';
import { refreshPins } from '../supervise/refresh.ts';
import { makeRecorder, type Recorder } from '../supervise/refusals.ts';
import type { Rulebook } from '../supervise/rulebook.ts';
import { keepWallLog } from '../supervise/wall-log.ts';
import { certificateEnvironment, writeAccounts } from './accounts.ts';
import { furnishAgent } from './agent.ts';
import type { Board } from './board.ts';
import { holdBootLock } from './environment.ts';
import { proveBox } from './proof.ts';
import { cloneDeadline, cloneRepository } from './repository.ts';
import { openRulebook } from './rulebook.ts';
import { type Handover, nodeFlags, ownNodeEnvironment } from './shed.ts';
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
  readonly egress: Egress;
  readonly firewall: Firewall;
  readonly rulebook: Rulebook;
  readonly recorder: Recorder;
  readonly wallLog: Pick<Kept, 'stop'>;
  /** The tmux session, or the agent running once. */
  readonly work: { readonly session: Kept } | { readonly task: Child };
}

/** The second half of the boot, with the few capabilities of supervision and no secret in its environment. */
export async function resume({ host, log, board, steps, handover }: ResumeParts): Promise<Box> {
  const { settings, environment } = handover;
  const { agent } = environment;
  let list: ListInForce = { rules: settings.rules, denied: [] };
  const recorder = makeRecorder({
    host,
    log,
    ruleFor: async (refusal) => (await import('../network/allowlist/remedy.ts')).ruleFor(refusal),
    changed: (egress) => board.post({ egress }),
  });
  const mayDial = makeAddressJudge({ connected: environment.connected, allowed: settings.allowPrivate });
  const certificates = certificateEnvironment(settings);
  const releaseLock = await holdBootLock(host);
  board.post({
    firewall: { ...board.state.firewall, guarded: handover.byAddress ? [] : guardedPorts(settings.rules) },
  });

  const firewall = makeFirewall({
    host,
    allowlist: makeAllowlist(settings.rules),
    mayDial,
    backend: handover.backend,
    byAddress: handover.byAddress,
    dialler: handover.byAddress ? agent.uid : egressIdentity.uid,
    changed: ({ failure, ...kernel }) => {
      if (failure !== null) log.event('error', 'firewall.failed', { reason: failure });
      board.post({ firewall: { ...board.state.firewall, ...kernel, lastFailure: failure } });
    },
  });
  const egress = await steps.step('resolver', async ({ undo, say }) => {
    const egress = keepEgress({
      host,
      log,
      firewall,
      configuration: () => ({
        kind: 'configure',
        ...list,
        upstreams: environment.upstreams,
        connected: environment.connected,
        allowed: settings.allowPrivate,
        byAddress: handover.byAddress,
      }),
      sockets: {
        ...host.bindSockets(ownAddress, resolverPort),
        guard: host.bindStream(ownAddress, guardPort),
      },
      argv: [Paths.node, ...nodeFlags, Paths.program, 'egress'],
      env: ownNodeEnvironment(),
      reported: recorder.report,
      changed: (report) => board.post({ resolver: { ...board.state.resolver, ...report } }),
    });
    undo(() => egress.stop(1000));
    await egress.ready;
    say(`resolver on ${ownAddress}:${resolverPort}, guard on ${ownAddress}:${guardPort}`);
    return egress;
  });
  await steps.step('firewall', async ({ say }) => {
    const { resolved, pending } = await refreshPins({ host, board, egress, firewall, rules: settings.rules });
    say(
      `${firewall.size} addresses pinned for ${resolved} names${pending > 0 ? `; ${pending} names still have no answer` : ''}`,
    );
  });
  await steps.step('accounts', ({ undo }) => {
    undo(() => host.files.remove(Paths.agent));
    writeAccounts(host, settings, agent.gid);
  });
  await steps.step('agent', () => furnishAgent(host, { settings, environment }));
  const wallLog = keepWallLog({
    host,
    log,
    refused: ({ user, ...packet }) => {
      // The kernel's own packets, such as multicast listener reports, belong to no user and are nobody's attempt.
      if (user === null) return;
      const name = firewall.nameAt(packet.address);
      recorder.refused({ via: 'wall', reason: 'no-rule', name, user, ...packet });
    },
  });
  await steps.step('proof', (tools) => {
    tools.undo(() => wallLog.stop(1000));
    return proveBox(host, environment, tools);
  });
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
  const rulebook = openRulebook({ host, log, handover }, async (next) => {
    // The wall may refuse it, and then nothing has changed; the egress process can't.
    await firewall.setRules(makeAllowlist(next.rules, next.denied));
    list = next;
    egress.setList(next);
  });
  board.post({ phase: 'ready', readyAt: host.now() });
  host.files.write(Paths.ready, `${board.state.bootId}\n`, 0o644);
  log.event('info', 'boot.ready', { duration: host.now() - board.state.startedAt });
  await releaseLock();
  return { egress, firewall, wallLog, work, rulebook, recorder };
}
