import { Paths } from '../../core/paths.ts';
import type { StepTools } from '../../core/step-tools.ts';
import type { Host } from '../../host/host.ts';
import { taskLimitOf } from '../../host/proc/cgroup.ts';
import { readMounts } from '../../host/proc/mountinfo.ts';
import { processorsOf, readStatus } from '../../host/proc/pid.ts';
import type { Settings } from '../../settings/settings.ts';
import type { AgentLimits } from '../agent-limits.ts';
import { confined, type Identity } from '../profile.ts';
import { boundPlaces } from './bound-places.ts';
import { boundGroups, makeGroups, noGroups } from './control-groups.ts';
import { type ControlGroups, planLimits } from './plan-limits.ts';
import { boundlessOf, kernelBounds, parseLimits, unboundOf } from './unbounded.ts';

interface PlatformBounds {
  readonly sysAdmin: boolean;
  readonly agent: Identity;
  /** Bytes; null where nobody knows. */
  readonly memoryLimit: number | null;
}

/** Looks at what bounds this platform offers, puts them in place, and says what it can't bound. */
export async function boundAgent(
  host: Host,
  { settings, environment }: { settings: Settings; environment: PlatformBounds },
  { undo }: Pick<StepTools, 'undo'>,
): Promise<AgentLimits> {
  const { files } = host;
  if (environment.sysAdmin) await boundPlaces(host, environment.agent, undo);
  const groups = await ensureEntered(host, makeGroups(host));
  const { hard, soft } = parseLimits(files.readIfAny('/proc/self/limits') ?? '');
  const limits = planLimits({
    asked: settings,
    hard,
    softDescriptors: soft.nofile ?? 1024,
    taskLimit: taskLimitOf(files),
    memoryLimit: environment.memoryLimit,
    processors: processorsOf(readStatus(files, 'self')),
    fileLimit: Number(files.readIfAny('/proc/sys/fs/file-max') ?? Number.NaN) || Number.POSITIVE_INFINITY,
    elsewhere: groups.pids ? 0 : await countElsewhere(host, environment.agent),
    groups,
    gaps: [...boundKernel(host), ...placesWithoutBound(host)],
  });
  boundGroups(host, { memory: limits.memory?.bytes ?? null, processes: limits.processes.count });
  return limits;
}

/** A group that can be made but not entered, as across a namespace's border, would let no program of the agent's start. */
async function ensureEntered(host: Host, groups: ControlGroups): Promise<ControlGroups> {
  if (groups.files.length === 0) return groups;
  return host.run({ argv: [Paths.join, ...groups.files, '--', '/usr/bin/true'] }).then(
    () => groups,
    () => noGroups,
  );
}

/** As close as the count has to be; it changes all the time. */
const nearEnough = 64;
const mostElsewhere = 1 << 17;

/**
 * Counts the tasks that the agent's user has outside the box, from above: the kernel counts a user's tasks over all
 * containers, and refuses to start a program for one that has more than its limit. There is no other way to ask.
 */
export async function countElsewhere(host: Host, agent: Identity): Promise<number> {
  const fits = (limit: number) => {
    const limits = { resources: { nproc: `${limit}` }, groups: [] };
    return host.run({ argv: confined(['/usr/bin/true'], { ...agent, limits }) }).then(
      () => true,
      () => false,
    );
  };
  let most = nearEnough;
  while (most < mostElsewhere && !(await fits(most))) most *= 2;
  let least = most === nearEnough ? 0 : most / 2;
  while (most - least > nearEnough) {
    const middle = Math.floor((least + most) / 2);
    if (await fits(middle)) most = middle;
    else least = middle;
  }
  return most;
}

/** Bounds what outlives its makers where /proc/sys can be written.  @returns what stays unbound. */
function boundKernel({ files }: Host): string[] {
  const path = (name: string) => `/proc/sys/${name.replace('.', '/')}`;
  const unbound = () => unboundOf((name) => files.readIfAny(path(name)));
  for (const name of unbound()) {
    try {
      files.append(path(name), kernelBounds[name]?.value ?? '');
    } catch {
      // Read-only in most containers: then the engine has to set it.
    }
  }
  return unbound().map((name) => `System V objects: add --sysctl "${name}=${kernelBounds[name]?.value}"`);
}

function placesWithoutBound({ files }: Host): string[] {
  return boundlessOf(readMounts(files)).map((point) => {
    if (point === Paths.session) return `${point}: give it a small tmpfs of its own`;
    if (point === Paths.scratch) return `Claude's temporary files, in /tmp: give ${point} a tmpfs of its own`;
    return `empty files in ${point}: give it a tmpfs with nr_inodes`;
  });
}
