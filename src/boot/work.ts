import { createHash } from 'node:crypto';
import { oneShotSpec } from '../agents/one-shot.ts';
import { hasLocale, sessionEnvironment } from '../agents/session-environment.ts';
import { makeSession, serverSpec } from '../agents/tmux.ts';
import type { Log } from '../core/log.ts';
import type { StepTools } from '../core/step-tools.ts';
import type { Child, Host } from '../host/host.ts';
import { type Respawned, respawn } from '../init/respawn.ts';
import { policies } from '../init/respawn-policies.ts';
import { watchSession } from '../init/watch-session.ts';
import type { Rescuer, RescuerParts } from '../rescue/init/rescuer.ts';
import type { RestoreReport } from '../rescue/protocol.ts';
import type { Handover } from '../state/handover.ts';
import type { StateStore } from '../state/state-store.ts';
import { makeCloneProgress } from './clone-progress.ts';
import { type CloneResult, cloneRepository, findLacks, findWork, repositoryIn } from './repository.ts';
import {
  isRescueThere,
  noticeFailedClone,
  notLooked,
  type Restored,
  restoreRescue,
  unrestored,
} from './restore-work.ts';

/** The tmux session, or the agent running once. */
export type Work = { readonly session: Respawned } | { readonly task: Child };

interface FetchParts extends Omit<RescuerParts, 'restored' | 'store'> {
  readonly store: StateStore;
  readonly certificates: Readonly<Record<string, string>>;
  /** Resolves once the box has proven itself: before, nothing of the repository is put where it could run. */
  readonly proven: Promise<void>;
}

/**
 * Clones the repository, beside the self-test as far as nothing of it can run, and puts back into a clean clone what the
 * box saved last.
 * @returns the folder to work in, and what became of the last rescue.
 */
export async function fetchWork(
  parts: FetchParts,
  tools: StepTools,
): Promise<{ folder: string; restored: RestoreReport | null }> {
  const { host, store } = parts;
  const { say, warn } = tools;
  const { workspace } = store.state;
  const { result, restored } = await makeClone(parts, tools);
  const lacks = 'lacks' in result ? result.lacks : [];
  store.post({ repository: result.kind, lacks });
  const { report, said } = result.kind === 'failed' ? unrestored(parts.settings) : restored;
  const all = [result.kind, said, ...lacks].filter((text) => text !== '').join('; ');
  if (result.kind === 'failed') warn(noticeFailedClone(host, result.reason));
  else if (report?.kind === 'refused' || report?.kind === 'failed' || lacks.length > 0) warn(all);
  else say(all);
  const isThere = result.kind === 'cloned' || result.kind === 'kept';
  return { folder: isThere ? repositoryIn(workspace) : workspace, restored: report };
}

/** @returns the clone, and what was put back into it: the remote is asked meanwhile whether there is anything. */
async function makeClone(
  parts: FetchParts,
  { undo }: Pick<StepTools, 'undo'>,
): Promise<{ result: CloneResult; restored: Restored }> {
  const { host, log, store, settings, agent, certificates, proven } = parts;
  const { repository } = settings;
  const facts = { agent, workspace: store.state.workspace, environment: certificates };
  const kind = await findWork(host, { repository, ...facts });
  if (kind !== null || repository === null) {
    await proven;
    const lacks = kind === 'kept' ? await findLacks(host, facts) : [];
    return { result: kind === 'kept' ? { kind, lacks } : { kind: 'none' }, restored: notLooked };
  }
  const asked = isRescueThere(parts);
  let restored = notLooked;
  const fill = async (draft: string) => {
    restored = await restoreRescue(parts, draft, repositoryIn(facts.workspace), await asked);
  };
  const onProgress = makeCloneProgress({ host, log, store });
  const result = await cloneRepository(host, { repository, ...facts }, { proven, fill, undo, onProgress });
  return { result, restored };
}

interface WorkParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: StateStore;
  readonly handover: Handover;
  readonly certificates: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly rescuer: Rescuer;
}

/** Starts the agent: once, where it was given arguments, else in its session. */
export async function startWork(parts: WorkParts, { undo, say }: StepTools): Promise<Work> {
  const { host, log, handover, certificates, folder } = parts;
  const { locale } = handover.settings.session;
  if (locale !== null && !hasLocale(host.files, locale)) log.event('info', 'settings.locale', { locale });
  const environment = { ...sessionEnvironment(host.files, handover.settings), ...certificates };
  if (handover.task.length === 0) {
    const session = startSession(parts, environment);
    undo(() => session.stop(1000));
    await openSession(parts, session);
    return { session };
  }
  say('none: the agent runs once');
  const { agent } = handover.environment;
  const once = { task: handover.task, agent, environment, folder, terminal: host.anyTerminal };
  return { task: host.start(oneShotSpec(once)) };
}

/** The tmux server, kept; one that comes back gets its session again. */
function startSession(
  { host, log, store, handover, folder, rescuer }: WorkParts,
  environment: Readonly<Record<string, string>>,
): Respawned {
  const { agent } = handover.environment;
  return respawn({
    host,
    log,
    name: 'session',
    policy: policies.session,
    tell: (news) => store.events.emit('child', news),
    spec: serverSpec(agent, environment),
    started: (_, restarts) => {
      store.post({ session: { running: true, restarts } });
      if (restarts > 0) void makeSession(host, { agent, place: placeOf(handover, folder) }).catch(() => {});
    },
    ended: () => {
      store.post({ session: { ...store.state.session, running: false } });
      void rescuer.save('agent ended');
    },
  });
}

async function openSession(
  { host, log, store, handover, folder, rescuer }: WorkParts,
  session: Respawned,
): Promise<void> {
  const { agent } = handover.environment;
  const place = placeOf(handover, folder);
  await makeSession(host, { agent, place });
  const ended = () => void rescuer.save('agent ended');
  watchSession({ host, log, store, agent, place, session, ended });
}

/** Another repository on the same volume is other work, with a conversation of its own. */
function placeOf({ settings }: Handover, folder: string): { folder: string; key: string } {
  const url = settings.repository?.url ?? '';
  return { folder, key: createHash('sha256').update(url).digest('hex').slice(0, 16) };
}
