import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import { stopBudget } from '../core/stop-budget.ts';
import type { Child, Host } from '../host/host.ts';
import type { Firewall } from '../network/firewall/firewall.ts';
import { makeAllowlist } from '../policy/allowlist.ts';
import type { Rescuer } from '../rescue/init/rescuer.ts';
import type { StateStore } from '../state/state-store.ts';
import type { Egress } from './egress-service.ts';
import { endChild } from './end-child.ts';
import type { Ends } from './ends.ts';
import type { PolicyStore } from './policy-store.ts';
import { refreshModels, refreshPause, refreshPins } from './refresh-pins.ts';
import type { Respawned } from './respawn.ts';

/** Milliseconds between two looks for pins that have run out, and for changes the kernel has refused. */
const expiryPause = 15_000;
/** Milliseconds between two looks whether the model's host has an address still. */
const modelPause = 60_000;
/** Milliseconds after which a boot's leftovers in memory are dropped. */
const settling = 3000;
/** The relay on our own terminal becomes the agent's user for its tmux client; it needs nothing else. */
const relayCapabilities = '-all,+setuid,+setgid,+setpcap,+kill';

export interface SuperviseParts {
  readonly host: Host;
  readonly log: Log;
  readonly quiet: (on: boolean) => void;
  readonly store: Pick<StateStore, 'state' | 'post' | 'events'>;
  readonly box: {
    readonly egressServices: {
      readonly egress: Pick<Egress, 'refresh'>;
      readonly firewall: Firewall;
      readonly stop: Respawned['stop'];
    };
    readonly policyStore: Pick<PolicyStore, 'inForce'>;
    readonly rescuer: Pick<Rescuer, 'stop'>;
    readonly work: { readonly session: Respawned } | { readonly task: Child };
  };
  readonly relayEnvironment: Readonly<Record<string, string>>;
  readonly ends: Ends;
  /** Names of the hosts where the agent asks its model. */
  readonly models: readonly string[];
}

/**
 * Life after boot: refreshes the pins, shows the session on our own terminal, and stops in order.
 * @returns the agent's exit code where it ran once, else null: a session ends by a signal or a fault alone.
 */
export async function superviseBox(parts: SuperviseParts): Promise<number | null> {
  const { host, log, store, box, ends } = parts;
  const ending = new Promise<void>((resolve) => ends.whenEnding(() => resolve()));
  host.every(refreshPause, () => {
    const { rules, denied } = box.policyStore.inForce;
    const inForce = makeAllowlist(rules, denied).rules;
    void refreshPins({ host, store, ...box.egressServices, rules: inForce, models: parts.models });
  });
  host.every(expiryPause, () => {
    void box.egressServices.firewall.expire().catch(() => {});
    refreshModels({ store, ...box.egressServices, models: Object.keys(store.state.firewall.modelTroubles) });
  });
  host.every(modelPause, () => {
    const { rules, denied } = box.policyStore.inForce;
    const allowlist = makeAllowlist(rules, denied);
    const models = parts.models.filter((name) => allowlist.rulesFor(name).length > 0);
    refreshModels({ store, ...box.egressServices, models });
  });
  // What the first refusal needs is loaded beforehand: the agent hears of it within the same turn.
  void host
    .sleep(settling)
    .then(() => import('../policy/remedy.ts'))
    .then(host.compactMemory);
  const end = async () => {
    await ending;
    store.post({ phase: 'stopping' });
    host.files.remove(Paths.ready);
  };
  const code =
    'task' in box.work
      ? await awaitTask(parts, box.work.task, end())
      : await endSession(parts, box.work.session, end());
  if (code !== null) store.events.emit('task', { code });
  await box.rescuer.stop(ends.hurried);
  // A rescue that was cut short has told nothing, and what an earlier one told is old.
  if (!ends.isHurried) store.events.emit('rescued', store.state.rescue);
  await box.egressServices.stop(stopBudget.egress, ends.hurried);
  const whose =
    ends.first?.kind === 'fault'
      ? { code: ends.first.code, whose: 'init' }
      : { code, whose: 'agent', ...(await unreached(parts, code)) };
  log.event('info', 'box.stopped', whose.code === null ? {} : whose);
  return code;
}

async function unreached({ host, models }: SuperviseParts, code: number | null) {
  return code === 0 || code === null ? {} : (await import('./unreached.ts')).unreachedIn(host, models);
}

/** The agent runs once: its end is the box's, and every signal is passed on to it as it came. */
async function awaitTask(
  { host, ends }: SuperviseParts,
  task: Child,
  ending: Promise<void>,
): Promise<number> {
  ends.whenHandedOn((name) => task.signal(name));
  void ending.then(() => {
    const signal = ends.first?.kind === 'signal' ? ends.first.name : 'SIGTERM';
    return endChild(host, task, { grace: stopBudget.session, hurried: ends.hurried, signal });
  });
  return task.exited;
}

async function endSession(parts: SuperviseParts, session: Respawned, ending: Promise<void>): Promise<null> {
  const relay = parts.host.terminal ? showSession(parts) : null;
  await ending;
  relay?.signal('SIGTERM');
  await session.stop(stopBudget.session, parts.ends.hurried);
  return null;
}

/** Under a `docker run` on a terminal the session takes the terminal over; ending the relay never ends the box. */
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
