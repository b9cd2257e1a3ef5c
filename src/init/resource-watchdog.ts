import type { AgentLimits } from '../confinement/agent-limits.ts';
import { confined, type Identity, roomy } from '../confinement/profile.ts';
import { chooseVictims, excessOf, listAgentProcesses } from '../confinement/shortage.ts';
import { chainOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import type { Host } from '../host/host.ts';
import { listPids } from '../host/proc/pid.ts';

/**
 * Milliseconds between two looks at the memory, one small file, and the bytes that the agent could fill in one: what is
 * free decides when to look again.
 */
const pause = { least: 10, most: 250 };
const fastest = 4 * 1024 ** 2;
/** Milliseconds after an end. */
const rest = 150;
/** Bytes to win beyond what is missing, or the next look finds it missing again: a share of the limit, bounded. */
const ease = (limit: number) => Math.min(limit / 4, 256 * 1024 ** 2);
/** How much harder each look becomes that finds memory shorter: shared pages count with everybody who has them. */
const steepness = 2;
const hardest = 64;
/** Milliseconds between two looks at the terminals, and how many the agent may have open. */
const terminalPause = 1000;
export const mostTerminals = 256;

/** SIGKILL, SIGCONT and SIGSTOP. */
const [kill, goOn, stop] = [9, 18, 19];

export interface WatchdogParts {
  readonly host: Host;
  readonly log: Log;
  readonly agent: Identity & { readonly limits?: AgentLimits };
}

/**
 * Holds what no limit of the kernel's holds here, as long as the box lives: it ends the agent's largest program before
 * the container's memory is gone, and whoever hoards terminals, of which the whole machine has some thousands.
 */
export function watchResources(parts: WatchdogParts): void {
  const { host, log, agent } = parts;
  const memory = agent.limits?.memory;
  if (memory?.by === 'supervisor') void watchMemory(parts, memory.bytes);
  let looking = false;
  host.every(terminalPause, () => {
    if (looking || !hasTooMany(host)) return;
    looking = true;
    void endHoarders(parts)
      .catch((error) => log.event('error', 'agent.terminals.failed', { reason: chainOf(error) }))
      .finally(() => {
        looking = false;
      });
  });
}

/** One shortage, from the first look that finds it to the first that does not. */
interface Shortage {
  readonly frozen: Set<number>;
  /** Grows with each look. */
  force: number;
}

export async function watchMemory(parts: WatchdogParts, limit: number): Promise<void> {
  const { host } = parts;
  let shortage: Shortage | null = null;
  for (;;) {
    const excess = excessOf(host.files, limit);
    if (excess === null) return;
    if (excess > 0) {
      shortage ??= { frozen: new Set(), force: 1 };
      for (const pid of freeze(parts)) shortage.frozen.add(pid);
      relieveMemory(parts, { excess, limit, force: shortage.force });
      shortage.force = Math.min(shortage.force * steepness, hardest);
      // What they have comes back a moment after they are gone; meanwhile nobody takes more.
      await host.sleep(rest);
      continue;
    } else if (shortage !== null) {
      for (const pid of shortage.frozen) signal(host, pid, goOn);
      shortage = null;
    }
    await host.sleep(Math.min(pause.most, Math.max(pause.least, -excess / fastest)));
  }
}

/**
 * Has all of the agent's stand still until there is memory again: at the very limit nobody, and not we, would get the
 * memory to act.
 */
function freeze({ host, agent }: WatchdogParts): number[] {
  const owned = (pid: number) => host.files.facts(`/proc/${pid}`)?.uid === agent.uid;
  const pids = listPids(host.files).filter(owned);
  for (const pid of pids) signal(host, pid, stop);
  return pids;
}

function relieveMemory(
  { host, log, agent }: WatchdogParts,
  { excess, limit, force }: { excess: number; limit: number; force: number },
): void {
  const victims = chooseVictims(listAgentProcesses(host.files, agent.uid), (excess + ease(limit)) * force);
  for (const { pid } of victims) signal(host, pid, kill);
  const [first] = victims;
  const largest = first === undefined ? {} : { largest: printable(first.name), bytes: first.memory };
  if (first !== undefined)
    log.event('warn', 'agent.memory', { over: excess, limit, ended: victims.length, ...largest });
  // What is left behind by nobody: objects of System V, where the kernel keeps them beyond their makers.
  else void dropObjects(host, agent);
}

async function dropObjects(host: Host, agent: WatchdogParts['agent']): Promise<void> {
  await host.run({ argv: confined(['/usr/bin/ipcrm', '--all'], roomy(agent)) }).catch(() => {});
}

/**
 * Ends those who hold the most terminals until half of them are free. Only the agent's user may see who holds one, and
 * from outside its domain: it is looked for without Landlock. A process may hide what it holds; then it goes as well.
 */
async function endHoarders({ host, log, agent }: WatchdogParts): Promise<void> {
  const { landlock: _, ...free } = roomy(agent);
  const found = await host.run({ argv: confined(findTerminals(agent.uid), free), timeout: 10_000 }).then(
    ({ stdout }) => countHeld(stdout),
    () => [],
  );
  // Whoever hoarded may have ended while it was looked for: those who are left hold what they need.
  if (!hasTooMany(host)) return;
  // What the program says is the agent's word where there is no Landlock: it could have us end anybody.
  const agentProcesses = listAgentProcesses(host.files, agent.uid).map(({ pid }) => pid);
  const ended: number[] = [];
  let left = mostTerminals / 2;
  for (const { pid, held } of found.filter((one) => agentProcesses.includes(one.pid))) {
    if (left <= 0) break;
    left -= held;
    ended.push(pid);
  }
  if (left > 0)
    ended.push(...agentProcesses.filter((pid) => host.files.facts(`/proc/${pid}`)?.uid !== agent.uid));
  for (const pid of ended) signal(host, pid, kill);
  log.event('warn', 'agent.terminals', { most: mostTerminals, ended: ended.length });
}

/** Besides the terminals there is the door to them. */
function hasTooMany(host: Host): boolean {
  return host.files.list('/dev/pts').length - 1 > mostTerminals;
}

/** find(1) fails where a process ends while it looks, which is no failure here. */
function findTerminals(uid: number): string[] {
  const foreign = ['(', '-path', '/proc/[!0-9]*', '-o', '!', '-uid', `${uid}`, ')', '-prune'];
  const held = ['-path', '/proc/[0-9]*/fd/*', '-lname', '*/ptmx', '-printf', '%h\\n'];
  const find = ['/usr/bin/find', '/proc', '-mindepth', '1', '-maxdepth', '3', '-ignore_readdir_race'];
  return ['/bin/sh', '-c', '"$@" || :', 'find', ...find, ...foreign, '-o', ...held];
}

/** @param lines `/proc/PID/fd`, one for each terminal held.  @returns the holders, those of the most first. */
export function countHeld(lines: string): { pid: number; held: number }[] {
  const counts = new Map<number, number>();
  for (const match of lines.matchAll(/^\/proc\/([0-9]+)\/fd$/gm)) {
    const pid = Number(match[1]);
    counts.set(pid, (counts.get(pid) ?? 0) + 1);
  }
  return [...counts].map(([pid, held]) => ({ pid, held })).sort((one, other) => other.held - one.held);
}

function signal(host: Host, pid: number, number: number): void {
  try {
    host.signal(pid, number);
  } catch {
    // It ended in this very moment.
  }
}
