import { randomUUID } from 'node:crypto';
import { initEnvironment } from '../confinement/node-environment.ts';
import { BootError, chainOf } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import type { Log } from '../core/log.ts';
import type { Host } from '../host/host.ts';
import { readStartTicks } from '../host/proc/pid.ts';
import { type End, Ends } from '../init/ends.ts';
import { openInitLog } from '../init/init-log.ts';
import type { Fault } from '../settings/fault.ts';
import type { Settings } from '../settings/settings.ts';
import { secretsOf } from '../settings/settings.ts';
import type { UnknownNames } from '../settings/unknown-names.ts';
import { newState } from '../state/box-state.ts';
import { takeHandover } from '../state/handover.ts';
import { StateStore } from '../state/state-store.ts';
import { Steps } from './step.ts';

/** Milliseconds for the steps before the settings are known. */
const firstDeadline = 120_000;

/**
 * First half of the life of init: from the settings to the drop of privileges.
 * @param task the container's arguments: what the agent is to be run with, once; none for a session.
 * @param findUnknown finds variables that look like settings and are none, and what nobody takes.
 * @returns an exit code; on success never.
 */
export async function init(
  host: Host,
  task: readonly string[],
  readSettings: () => Settings | readonly Fault[],
  findUnknown: () => UnknownNames = () => ({ misspelt: [], unused: [] }),
): Promise<number> {
  const wish = { level: host.env.LOG_LEVEL, format: host.env.LOG_FORMAT, beside: task.length > 0 };
  const { log, events } = await openInitLog(host, wish);
  const [now, uptime] = [host.now(), host.uptime()];
  const startTicks = readStartTicks(host.files, host.pid) ?? '';
  const state = newState({ bootId: randomUUID(), pid: host.pid, startTicks, now, uptime });
  const store = new StateStore({ host, log, state, events });
  return guarded({ host, log, store }, async (ends) => {
    const read = readSettings();
    const settings = Array.isArray(read) ? null : (read as Settings);
    if (settings !== null) hideSecrets(log, settings);
    tellUnknown(log, findUnknown());
    const deadline = uptime + (settings?.bootTimeout ?? firstDeadline);
    const steps = new Steps({ host, log, store, deadline });
    ends.whenEnding((end) => steps.interrupt(errorOf(end)));
    const { boot } = await import('./boot.ts');
    return boot({ host, log, store, steps, deadline, task, readSettings: () => read });
  });
}

/** Second half: from the resolver to the end of the box.  @returns the container's exit code. */
export async function initResumed(host: Host): Promise<number> {
  host.reapOrphans();
  const handover = takeHandover(host);
  const { settings, bootId, deadline, task } = handover;
  const { log, events, quiet } = await openInitLog(host, { ...settings.log, beside: task.length > 0 });
  hideSecrets(log, settings);
  const startTicks = readStartTicks(host.files, host.pid) ?? '';
  const began = { now: handover.startedAt, uptime: handover.startedUptime };
  const fresh = newState({ bootId, pid: host.pid, startTicks, ...began });
  // Only here, in the program it led to, is the step known to have succeeded.
  const steps = handover.steps.map((step) =>
    step.state === 'running'
      ? { ...step, state: 'done' as const, duration: host.uptime() - handover.dropUptime }
      : step,
  );
  const { duration } = steps.at(-1) ?? { duration: 0 };
  log.event('info', 'boot.step', { step: 'drop-privileges', duration, detail: '' });
  const state = {
    ...fresh,
    platform: handover.environment.platform,
    agent: idsOf(handover.environment.agent),
    workspace: handover.environment.workspace,
    borrowed: handover.environment.borrowed,
    containment: {
      landlock: handover.environment.agent.landlock ?? null,
      hiddenProcesses: handover.hiddenProcesses,
      limits: handover.environment.agent.limits ?? null,
    },
    steps,
    once: task.length > 0,
    resolver: {
      ...fresh.resolver,
      upstreams: handover.environment.upstreams,
      through: placeOf(handover.settings),
    },
    firewall: { ...fresh.firewall, rules: handover.rules, byAddress: handover.byAddress },
  };
  const store = new StateStore({ host, log, state, events });
  return guarded({ host, log, store }, async (ends) => {
    const steps = new Steps({ host, log, store, deadline });
    ends.whenEnding((end) => steps.interrupt(errorOf(end)));
    const { resume } = await import('./resume.ts');
    const box = await resume({ host, log, store, steps, handover });
    const { superviseBox } = await import('../init/supervise.ts');
    const { modelHosts } = await import('../policy/needed-hosts.ts');
    const relayEnvironment = initEnvironment(host.env.TERM ?? 'xterm-256color');
    return superviseBox({
      host,
      log,
      quiet,
      store,
      box,
      relayEnvironment,
      ends,
      models: modelHosts(settings.claude),
    });
  });
}

function hideSecrets(log: Log, settings: Settings): void {
  log.hide([...secretsOf(settings), ...(settings.prompt === null ? [] : [settings.prompt])]);
}

function tellUnknown(log: Log, { misspelt, unused }: UnknownNames): void {
  for (const name of misspelt) log.event('warn', 'settings.unknown', { ...name });
  if (unused.length === 0) return;
  const remedy = `The agent's session has them with -e AGENT_ENV=${unused.join(',')}`;
  log.event('warn', 'settings.unused', { variables: unused, remedy });
}

/** Turns signals and faults into an ordered end, and every end into the exit code that names its kind. */
async function guarded(
  { host, log, store }: { host: Host; log: Log; store: StateStore },
  work: (ends: Ends) => Promise<number | null>,
): Promise<number> {
  const ends = new Ends({ host, log });
  try {
    const code = await Promise.race([work(ends), ends.overdue]);
    // What the agent said to our own fault's stop is not the answer.
    return ends.first?.kind === 'fault' ? ends.first.code : (code ?? ends.first?.code ?? ExitCode.ok);
  } catch (error) {
    return ends.first?.code ?? report(error, log, store);
  } finally {
    host.endDescendants();
  }
}

function errorOf(end: End): BootError {
  if (end.kind === 'signal') return new BootError({ message: `stopped by ${end.name}` });
  const remedy = 'This is a fault of the box itself: please report it with its log.';
  return new BootError({ message: 'init met an error it did not expect', cause: end.error, remedy });
}

/** A failed step has said so itself; whatever failed between the steps is said here. */
function report(error: unknown, log: Log, store: StateStore): number {
  const code = error instanceof BootError ? error.code : ExitCode.failed;
  if (store.state.phase === 'failed') return code;
  const remedy = error instanceof BootError ? error.remedy : '';
  const failure = { step: 'init', message: chainOf(error), remedy, code };
  log.event('fatal', 'boot.failed', failure);
  store.post({ phase: 'failed', failure });
  return code;
}

function idsOf({ uid, gid }: { uid: number; gid: number }): { uid: number; gid: number } {
  return { uid, gid };
}

function placeOf({ proxy }: Settings): string | null {
  return proxy === null ? null : `${proxy.host}:${proxy.port}`;
}
