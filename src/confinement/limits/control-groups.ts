import type { Host } from '../../host/host.ts';
import type { ControlGroups } from './plan-limits.ts';

const root = '/sys/fs/cgroup';
/** The agent's group, and in a container the one that what is there already moves to. */
const own = 'cloister-agent';
const others = 'cloister-own';
export const noGroups: ControlGroups = { memory: false, pids: false, files: [] };

/** Makes control groups for the agent, wherever the platform lets us. */
export function makeGroups(host: Pick<Host, 'files'>): ControlGroups {
  return host.files.facts(`${root}/cgroup.controllers`) === null ? makeFirst(host) : makeUnified(host);
}

/** Version 1: a hierarchy for each controller. */
function makeFirst({ files }: Pick<Host, 'files'>): ControlGroups {
  const made = ['memory', 'pids', 'cpu'].filter(
    (controller) =>
      files.facts(`${root}/${controller}/cgroup.procs`) !== null &&
      attempt(() => files.ensureFolder(`${root}/${controller}/${own}`, { mode: 0o755 })),
  );
  return {
    memory: made.includes('memory'),
    pids: made.includes('pids'),
    files: made.map((controller) => `${root}/${controller}/${own}/cgroup.procs`),
  };
}

/** Version 2: a group that hands controllers on may hold no process itself, unless it is the machine's first. */
function makeUnified({ files }: Pick<Host, 'files'>): ControlGroups {
  const isFirst = files.facts(`${root}/cgroup.type`) === null;
  const there = (files.readIfAny(`${root}/cgroup.controllers`) ?? '').split(/\s+/);
  const wanted = ['memory', 'pids', 'cpu'].filter((controller) => there.includes(controller));
  const made = attempt(() => {
    files.ensureFolder(`${root}/${own}`, { mode: 0o755 });
    if (!isFirst) {
      files.ensureFolder(`${root}/${others}`, { mode: 0o755 });
      for (const pid of files.read(`${root}/cgroup.procs`).split('\n').filter(Boolean))
        attempt(() => files.append(`${root}/${others}/cgroup.procs`, pid));
    }
    files.append(`${root}/cgroup.subtree_control`, wanted.map((name) => `+${name}`).join(' '));
  });
  if (!made) return noGroups;
  const has = (name: string) => files.facts(`${root}/${own}/${name}`) !== null;
  return { memory: has('memory.max'), pids: has('pids.max'), files: [`${root}/${own}/cgroup.procs`] };
}

/**
 * Writes the bounds into the groups. What else a controller offers is taken where it is there: a small share of the
 * processor, and no swap beside the memory.
 */
export function boundGroups(
  { files }: Pick<Host, 'files'>,
  bounds: { readonly memory: number | null; readonly processes: number },
): void {
  const settings: [string, string][] = [
    ['pids/cloister-agent/pids.max', `${bounds.processes}`],
    ['cloister-agent/pids.max', `${bounds.processes}`],
    ['cpu/cloister-agent/cpu.shares', '256'],
    ['cloister-agent/cpu.weight', '25'],
    ...(bounds.memory === null
      ? []
      : ([
          ['memory/cloister-agent/memory.limit_in_bytes', `${bounds.memory}`],
          ['memory/cloister-agent/memory.memsw.limit_in_bytes', `${bounds.memory}`],
          ['cloister-agent/memory.max', `${bounds.memory}`],
          ['cloister-agent/memory.swap.max', '0'],
        ] as [string, string][])),
  ];
  for (const [name, value] of settings) {
    if (files.facts(`${root}/${name}`) === null) continue;
    attempt(() => files.append(`${root}/${name}`, value));
  }
}

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
