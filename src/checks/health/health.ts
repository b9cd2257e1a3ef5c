import { ExitCode } from '../../core/exit-codes.ts';
import { Paths } from '../../core/paths.ts';
import { asUser } from '../../host/as-user.ts';
import type { Host } from '../../host/host.ts';
import { readMounts } from '../../host/proc/mountinfo.ts';
import { isAlive, parseState } from '../../state/box-state.ts';
import { memoryOf } from '../memory-of.ts';
import { proxyRelays } from './ask-proxy.ts';
import { resolverAnswers } from './ask-resolver.ts';
import { disksOf } from './disks.ts';
import { type HealthFacts, judgeHealth } from './judge-health.ts';
import { agentRuns, askForGaps, patience } from './look-at-agent.ts';

type LookingHost = Pick<Host, 'files' | 'print' | 'uptime' | 'sleep' | 'ask'>;

/** Says whether the box works, and why not.  @returns 0 when it is healthy or degraded, else 70. */
export async function health(host: LookingHost, options: { json: boolean }): Promise<number> {
  const facts = await look(host);
  const { status, reasons } = judgeHealth(facts);
  const age = facts.state === null ? null : host.uptime() - facts.state.startedUptime;
  const lines = [status, ...reasons.map((reason) => `  ${reason}`)].join('\n');
  host.print(`${options.json ? JSON.stringify({ status, reasons, age }) : lines}\n`);
  return status === 'healthy' || status === 'degraded' ? ExitCode.ok : ExitCode.failed;
}

async function look(host: LookingHost): Promise<HealthFacts> {
  const { files } = host;
  const state = parseState(files.readIfAny(Paths.state));
  const alive = state !== null && isAlive(files, state);
  const { limit, used } = memoryOf(files);
  const memory = limit === null || used === null ? null : used / limit;
  if (!alive || state.phase !== 'ready') return { ...unseen, state, alive, memory };
  const mounts = readMounts(files);
  const [gaps, resolver] = await Promise.all([askForGaps(host), resolverAnswers(patience)]);
  // Whoever asks init is root; the proxy is for the agent's user, and a volume in its home is seen by nobody else.
  const seen = await asUser(state.agent.uid, async () => ({
    proxy: await proxyRelays({ proxied: state.firewall.proxied, patience }),
    disks: disksOf(files, mounts, state),
  }));
  return { ...seen, state, alive, gaps, resolver, agent: agentRuns(files, state.agent.uid), memory };
}

/** A box that is not ready is judged by that alone. */
const unseen = { gaps: null, resolver: false, proxy: false, agent: false, disks: {} } as const;
