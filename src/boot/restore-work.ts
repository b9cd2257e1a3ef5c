import { confined, roomy } from '../confinement/profile.ts';
import { chainOf } from '../core/errors.ts';
import { Paths } from '../core/paths.ts';
import type { Command, Host } from '../host/host.ts';
import { type RescuerParts, runRescueProgram } from '../rescue/init/rescuer.ts';
import type { RestoreReport } from '../rescue/protocol.ts';
import type { Settings } from '../settings/settings.ts';

/** Milliseconds: what is fetched is bounded as what was pushed. */
const budget = 10 * 60_000;

/** What became of the last rescue; `report` is null where none was looked for. */
export interface Restored {
  readonly report: RestoreReport | null;
  /** One sentence; empty where there is nothing to say. */
  readonly said: string;
}

/** Points to it on the first screen, where a narrow pane has no room for all.  @returns what there is to say. */
export function noticeFailedClone(host: Host, reason: string): string {
  host.files.write(Paths.notice, 'the clone failed: `cloister status` says why\n', 0o640);
  return `the clone failed, the session starts without it: ${reason}`;
}

/** Nothing was looked for. */
export const notLooked: Restored = { report: null, said: '' };

/** @returns what became of the rescue where there is no clone: it may be wanted yet. */
export function unrestored({ rescue }: Settings): Restored {
  return rescue.scope === 'off'
    ? notLooked
    : { report: { kind: 'failed', reason: 'there is no clone' }, said: '' };
}

/**
 * Asks the remote whether the box has saved anything there, as the agent and in no git directory.
 * @returns true as well where the remote can't be asked: whoever restores finds out why.
 */
export async function isRescueThere({ host, agent, settings }: RestoreParts): Promise<boolean> {
  if (settings.rescue.scope === 'off') return false;
  const { askRemote } = await import('../rescue/remote.ts');
  const asAgent = {
    // Names of references are bounded as a text, and that there are any is all that is asked.
    run: ({ octets: _, ...command }: Command) =>
      host.run({ ...command, argv: confined(command.argv, roomy(agent)) }),
  };
  const { url = '' } = settings.repository ?? {};
  const facts = { url, credential: settings.githubToken !== null, timeout: budget };
  return askRemote(asAgent, { ...facts, only: [`refs/cloister/${settings.boxName}/*`] }).then(
    ({ refs }) => refs.size > 0,
    () => true,
  );
}

type RestoreParts = Pick<RescuerParts, 'host' | 'agent' | 'environment' | 'settings' | 'store'>;

/**
 * Into a clean clone, and no other, goes what the box saved last. A failure is reported and no more.
 * @param target where the clone will stand.
 */
export async function restoreRescue(
  parts: RestoreParts,
  folder: string,
  target: string,
  isSaved: boolean,
): Promise<Restored> {
  const { host, settings, store } = parts;
  if (settings.rescue.scope === 'off') return notLooked;
  if (!isSaved) return { report: { kind: 'none' }, said: '' };
  // Needed once: init does without them for the rest of its life.
  const { planRestore } = await import('../rescue/init/plan-save.ts');
  const { describeRestore } = await import('../rescue/rescue-text.ts');
  const { parseRestoreReport } = await import('../rescue/init/parse-report.ts');
  const report = await runRescueProgram(
    parts,
    planRestore(settings, { deadline: host.uptime() + budget, folder, target }),
  )
    .then(parseRestoreReport)
    .catch((error): RestoreReport => ({ kind: 'failed', reason: chainOf(error) }));
  const said = describeRestore(report);
  if (said !== '') {
    store.post({ rescue: { ...store.state.rescue, restored: said } });
    host.files.write(Paths.notice, `${said}\n`, 0o640);
  }
  return { report, said };
}
