import { runSelfTest } from '../checks/self-test.ts';
import type { Log } from '../core/log.ts';
import { ownAddress, proxyPort, resolverPort } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import { certificateEnvironment, writeCredentialFiles } from '../credentials/credential-files.ts';
import type { Host } from '../host/host.ts';
import { notifyOf } from '../init/notification-of.ts';
import { type EgressServices, startEgressServices } from '../init/open-egress.ts';
import type { PolicyStore } from '../init/policy-store.ts';
import { refreshPins } from '../init/refresh-pins.ts';
import { watchResources } from '../init/resource-watchdog.ts';
import { watchHealth } from '../init/watch-health.ts';
import { watchProcesses } from '../init/watch-processes.ts';
import { modelHosts } from '../policy/needed-hosts.ts';
import { sendable } from '../policy/reserved-hosts.ts';
import { openRescuer, type Rescuer } from '../rescue/init/rescuer.ts';
import type { Handover } from '../state/handover.ts';
import type { StateStore } from '../state/state-store.ts';
import { holdBootLock } from './environment.ts';
import { openPolicyStore } from './open-policy.ts';
import { provisionAgent } from './provision-agent.ts';
import { cloneDeadline } from './repository.ts';
import type { Steps } from './step.ts';
import { fetchWork, startWork, type Work } from './work.ts';

export interface ResumeParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: StateStore;
  readonly steps: Steps;
  readonly handover: Handover;
}

/** What lives on after the boot. */
export interface Box {
  readonly egressServices: EgressServices;
  readonly policyStore: PolicyStore;
  readonly rescuer: Rescuer;
  readonly work: Work;
}

/** The second half of the boot, with the few capabilities of supervision and no secret in its environment. */
export async function resume({ host, log, store, steps, handover }: ResumeParts): Promise<Box> {
  const { settings, environment } = handover;
  const { agent } = environment;
  const certificates = certificateEnvironment(settings);
  const releaseLock = await holdBootLock(host);
  watchResources({ host, log, agent });

  // The agent's home and accounts need nothing of the way out: their program starts beside the egress process.
  const [egressServices] = await Promise.all([
    openResolver({ host, log, store, steps, handover }),
    makeHome({ host, steps, handover }),
  ]);
  // The repository's objects come in beside the rest; its files, and whatever could run them, wait for the self-test.
  watchProcesses({ host, log, agent, limited: egressServices.recorder.limited });
  const policyStore = openPolicyStore({ host, log, handover }, egressServices.setRules);
  const proven = pinNames({ host, store, steps, handover }, egressServices).then(() =>
    steps.step('self-test', (tools) => runSelfTest(host, handover, tools)),
  );
  const rescue = { host, log, store, settings, agent, bootId: handover.bootId, environment: certificates };
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
    startWork({ host, log, store, handover, certificates, folder, rescuer }, tools),
  );
  if (settings.notify?.on.includes('degraded'))
    watchHealth({ host, events: store.events, isReady: () => store.state.phase === 'ready' });
  store.post({ phase: 'ready', readyAt: host.now() });
  host.files.write(Paths.ready, `${store.state.bootId}\n`, 0o644);
  log.event('info', 'boot.ready', { duration: host.uptime() - store.state.startedUptime });
  await releaseLock();
  return { egressServices, policyStore, rescuer, work };
}

async function openResolver({ host, log, store, steps, handover }: ResumeParts): Promise<EgressServices> {
  const egressServices = await steps.step('resolver', async ({ undo, say }) => {
    const egressServices = startEgressServices({ host, log, store, handover });
    undo(() => egressServices.stop(1000));
    await egressServices.egress.ready;
    say(
      `resolver on ${ownAddress}:${resolverPort}${handover.byAddress ? '; no proxy' : `, proxy on ${ownAddress}:${proxyPort}`}`,
    );
    return egressServices;
  });
  notifyOf(store.events, egressServices.tell);
  return egressServices;
}

function pinNames(
  { host, store, steps, handover }: Omit<ResumeParts, 'log'>,
  egressServices: EgressServices,
): Promise<void> {
  const { rules } = handover.settings;
  return steps.step('pins', async ({ say, warn }) => {
    const { resolved, pending } = await refreshPins({
      host,
      store,
      ...egressServices,
      rules,
      models: modelHosts(handover.settings.claude),
    });
    const pinned = `${egressServices.firewall.size} addresses pinned for ${resolved} names${pending > 0 ? `; ${pending} names still have no answer` : ''}`;
    const troubles = Object.values(store.state.firewall.modelTroubles);
    if (troubles.length === 0) say(pinned);
    else warn([pinned, ...troubles].join('; '));
  });
}

async function makeHome({
  host,
  steps,
  handover,
}: Pick<ResumeParts, 'host' | 'steps' | 'handover'>): Promise<void> {
  const { settings, environment } = handover;
  await steps.step('credential-files', ({ undo }) => {
    undo(() => host.files.remove(Paths.agent));
    writeCredentialFiles(host, sendable(settings, handover), environment);
  });
  await steps.step('agent', (tools) => provisionAgent(host, { settings, environment }, tools));
}
