import { endAgentProcesses } from '../../confinement/end-agents.ts';
import { ownProgram } from '../../confinement/own-program.ts';
import { confined, type Identity, roomy } from '../../confinement/profile.ts';
import { chainOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { stopBudget } from '../../core/stop-budget.ts';
import type { Command, Host } from '../../host/host.ts';
import type { Settings } from '../../settings/settings.ts';
import type { BoxState } from '../../state/box-state.ts';
import type { Order, Pushed, RestoreReport, SaveReport } from '../protocol.ts';
import type { Saved } from './plan-save.ts';

/** Milliseconds a rescue has. */
const budgets = { interval: 4 * 60_000, stop: stopBudget.rescue, 'agent ended': 2 * 60_000 };
export type Occasion = keyof typeof budgets;

export interface Rescuer {
  /** Saves what there is, if it has changed since it was saved last. Never rejects; one runs at a time. */
  save(occasion: Occasion): Promise<void>;
  /** The last rescue: ends what still runs as the agent, then saves. `hurry` cuts it short. */
  stop(hurry: Promise<void>): Promise<void>;
}

export interface RescuerParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: { readonly state: BoxState; post(change: Partial<BoxState>): void };
  readonly settings: Settings;
  readonly agent: Identity;
  readonly bootId: string;
  /** Added to that of the agent's programs: where certificates are. */
  readonly environment: Readonly<Record<string, string>>;
  /** What became of the last rescue at this boot; null where nothing was looked for, on a kept workspace. */
  readonly restored: RestoreReport | null;
}

/** Runs a rescue program of ours as the agent.  @returns its report, which is still to be parsed. */
export async function runRescueProgram(
  { host, agent, environment }: Pick<RescuerParts, 'host' | 'agent' | 'environment'>,
  order: Order,
): Promise<string> {
  const { stdout } = await host.run({
    ...ownProgram(['rescue'], roomy(agent), environment),
    stdin: JSON.stringify(order),
    timeout: Math.max(order.deadline - host.uptime(), 1) + stopBudget.rescueMargin,
  });
  return stdout;
}

/** @returns a rescuer that saves at intervals from now on, or one that does nothing where there is nothing to do. */
export function openRescuer(parts: RescuerParts): Rescuer {
  const { host, settings } = parts;
  if (settings.repository === null || settings.rescue.scope === 'off') return idle;
  const rescue = new LiveRescuer(parts);
  host.every(settings.rescue.interval, () => void rescue.save('interval'));
  return rescue;
}

const idle: Rescuer = { save: async () => {}, stop: async () => {} };

class LiveRescuer implements Rescuer {
  readonly #parts: RescuerParts;
  #running: Promise<void> | null = null;
  #stopping = false;
  /** How what was saved last looked. */
  #last: string | null = null;
  #saved: Saved | null = null;

  constructor(parts: RescuerParts) {
    this.#parts = parts;
  }

  async save(occasion: Occasion): Promise<void> {
    // At the stop the session's end is no news: all is saved once, when everything has ended.
    const { phase } = this.#parts.store.state;
    if (this.#running !== null || (phase !== 'ready' && occasion !== 'stop')) return;
    this.#running = this.#save(occasion);
    await this.#running;
    this.#running = null;
  }

  async stop(hurry: Promise<void>): Promise<void> {
    const { host, log, agent } = this.#parts;
    this.#stopping = true;
    const work = async () => {
      await endAgentProcesses(host, agent);
      await this.#running;
      await this.save('stop');
      return true;
    };
    const done = await Promise.race([work(), hurry.then(() => false)]);
    if (!done)
      log.event('error', 'rescue.failed', { occasion: 'stop', reason: 'a second signal cut it short' });
  }

  async #save(occasion: Occasion): Promise<void> {
    const { host } = this.#parts;
    const startedAt = host.uptime();
    const deadline = startedAt + budgets[occasion];
    try {
      const { addSaved, planSave } = await import('./plan-save.ts');
      const { parseSaveReport } = await import('./parse-report.ts');
      const { workspace, startedAt: since } = this.#parts.store.state;
      const order = planSave(
        { ...this.#parts, folder: `${workspace}/repo` },
        { deadline, last: this.#last, saved: this.#saved, ending: occasion === 'stop' ? since : null },
      );
      const report = parseSaveReport(await runRescueProgram(this.#parts, order));
      // Even if the remote can't be asked now: it may well be there, and is ours.
      if (report.kind === 'pushed') this.#saved = addSaved(this.#saved, report.refs);
      if (report.kind === 'pushed') await assertThere(this.#parts, report, deadline);
      if (report.kind === 'pushed' || report.kind === 'nothing') this.#last = report.fingerprint;
      await this.#tell(occasion, report, host.uptime() - startedAt);
    } catch (error) {
      await this.#tell(occasion, { kind: 'failed', reason: chainOf(error) }, host.uptime() - startedAt);
    }
  }

  async #tell(occasion: Occasion, report: SaveReport, duration: number): Promise<void> {
    // It was ended by us, half way; the one that follows tells.
    if (this.#stopping && occasion !== 'stop') return;
    const { host, log, store, settings } = this.#parts;
    const { describeSave } = await import('../rescue-text.ts');
    const { level, event, fields, said } = describeSave(report, {
      url: settings.repository?.url ?? '',
      time: host.now(),
    });
    if (event !== null) log.event(level, event, { occasion, duration, ...fields });
    if (said === null) return;
    const savedAt = report.kind === 'pushed' ? host.now() : store.state.rescue.savedAt;
    const partial = report.kind === 'pushed' && report.partial;
    store.post({ rescue: { ...store.state.rescue, savedAt, outcome: report.kind, partial, said } });
  }
}

/** Asked by init itself, and in no git directory: neither repository nor agent can answer in the remote's place. */
export async function assertThere(
  { host, agent, settings }: Pick<RescuerParts, 'host' | 'agent' | 'settings'>,
  { refs }: Pushed,
  deadline: number,
): Promise<void> {
  const { askRemote } = await import('../remote.ts');
  const asAgent = {
    // The names are ours, and what a server says beyond them is bounded as a text.
    run: ({ octets: _, ...command }: Command) =>
      host.run({ ...command, argv: confined(command.argv, roomy(agent)) }),
  };
  const url = settings.repository?.url ?? '';
  const timeout = Math.max(deadline - host.uptime(), 1);
  const there = await askRemote(asAgent, {
    url,
    credential: settings.githubToken !== null,
    timeout,
    only: Object.keys(refs),
  });
  const missing = Object.entries(refs).filter(([ref, id]) => there.refs.get(ref) !== id);
  if (missing.length > 0)
    throw new Error(`the remote does not have ${missing.map(([ref]) => ref).join(', ')}`);
}
