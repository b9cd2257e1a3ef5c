import { Paths } from '../../core/paths.ts';
import type { Files, Host } from '../../host/host.ts';
import { listPids } from '../../host/proc/pid.ts';

/** Milliseconds for each answer. */
export const patience = 2000;

/** Has init look at the firewall.  @returns what the firewall lacks, or null where init gives no answer in time. */
export async function askForGaps(host: Pick<Host, 'ask' | 'sleep'>): Promise<readonly string[] | null> {
  const late = host.sleep(patience).then(() => '{}');
  try {
    const reply = await Promise.race([host.ask(Paths.control, '{"command":"health"}'), late]);
    return (JSON.parse(reply) as { data?: readonly string[] }).data ?? null;
  } catch {
    return null;
  }
}

/** Looks for Claude's own process, by its name and its user.  @param agent decimal user id. */
export function agentRuns(files: Pick<Files, 'list' | 'readIfAny' | 'facts'>, agent: number): boolean {
  return listPids(files).some(
    (pid) =>
      files.readIfAny(`/proc/${pid}/comm`)?.trim() === 'claude' && files.facts(`/proc/${pid}`)?.uid === agent,
  );
}
