import { ExitCode } from '../../core/exit-codes.ts';
import { Paths } from '../../core/paths.ts';
import { isAlive, parseState } from '../../core/state.ts';
import type { Host } from '../../host/host.ts';
import { memoryOf } from '../memory-of.ts';
import { type HealthFacts, judgeHealth } from './judge.ts';
import { agentRuns, askForGaps, diskAt, guardAnswers, resolverAnswers } from './look.ts';

/** Says whether the box works, and why not.  @returns 0 when it is healthy or degraded, else 70. */
export async function health(host: Host, options: { json: boolean }): Promise<number> {
  const facts = await look(host);
  const { status, reasons } = judgeHealth(facts);
  const age = facts.state === null ? null : host.now() - facts.state.startedAt;
  const lines = [status, ...reasons.map((reason) => `  ${reason}`)].join('\n');
  host.print(`${options.json ? JSON.stringify({ status, reasons, age }) : lines}\n`);
  return status === 'healthy' || status === 'degraded' ? ExitCode.ok : ExitCode.failed;
}

async function look(host: Host): Promise<HealthFacts> {
  const { files } = host;
  const state = parseState(files.readIfAny(Paths.state));
  const alive = state !== null && isAlive(state, files.readIfAny(`/proc/${state.pid}/stat`));
  const ready = alive && state.phase === 'ready';
  const [gaps, resolver, guard] = ready
    ? await Promise.all([askForGaps(host), resolverAnswers(), guardAnswers()])
    : [null, false, false];
  const { limit, used } = memoryOf(files);
  const rooms = [Paths.workspace, Paths.tmp, Paths.home];
  return {
    state,
    alive,
    gaps,
    resolver,
    guard,
    agent: ready && agentRuns(files),
    disks: Object.fromEntries(rooms.map((path) => [path, diskAt(files, path)])),
    memory: limit === null || used === null ? null : used / limit,
  };
}
