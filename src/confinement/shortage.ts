import type { Files } from '../host/host.ts';

/** A process of the agent's user. */
export interface Tenant {
  readonly pid: number;
  readonly name: string;
  /** Bytes it has in memory, shared ones among them. */
  readonly memory: number;
}

/** What Claude, its pane's program and the tmux server may have before they are chosen like any other. */
const spared = 512 * 1024 ** 2;
const work = new Set(['claude', 'tmux: server', 'agent']);

/**
 * Chooses whom to end where `excess` bytes are too many: the largest first, and no more than it takes. Claude's name is
 * nobody's proof: whoever bears it is spared half a gigabyte and no more.
 */
export function chooseVictims(tenants: readonly Tenant[], excess: number): Tenant[] {
  const weight = ({ name, memory }: Tenant) => memory - (work.has(name) ? spared : 0);
  const victims: Tenant[] = [];
  let left = excess;
  for (const tenant of [...tenants].sort((one, other) => weight(other) - weight(one))) {
    if (left <= 0 || weight(tenant) <= 0) break;
    victims.push(tenant);
    left -= tenant.memory;
  }
  return victims;
}

/** @returns every process of that user, by what /proc says to everybody. */
export function listTenants(files: Pick<Files, 'list' | 'readIfAny'>, uid: number): Tenant[] {
  return listPids(files)
    .map((pid) => tenantOf(pid, files.readIfAny(`/proc/${pid}/status`) ?? '', uid))
    .filter((tenant) => tenant !== null);
}

export function listPids(files: Pick<Files, 'list'>): number[] {
  return files
    .list('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

function tenantOf(pid: number, status: string, uid: number): Tenant | null {
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
  if (Number.parseInt(field('Uid'), 10) !== uid) return null;
  return { pid, name: field('Name'), memory: (Number.parseInt(field('VmRSS'), 10) || 0) * 1024 };
}

/** Where a control group says what it uses, and how much of that is files the kernel can drop at once. */
const sources = [
  { usage: '/sys/fs/cgroup/memory.current', stat: '/sys/fs/cgroup/memory.stat', field: 'inactive_file' },
  {
    usage: '/sys/fs/cgroup/memory/memory.usage_in_bytes',
    stat: '/sys/fs/cgroup/memory/memory.stat',
    field: 'total_inactive_file',
  },
];

/**
 * @returns the bytes beyond `limit` that the container uses and can't do without, less than 0 where some are free;
 * null where no control group tells.
 */
export function excessOf(files: Pick<Files, 'readIfAny'>, limit: number): number | null {
  for (const { usage, stat, field } of sources) {
    const used = Number(files.readIfAny(usage) ?? Number.NaN);
    if (Number.isNaN(used)) continue;
    // The second file is longer, and almost never of interest.
    if (used <= limit) return used - limit;
    const line = new RegExp(`^${field} ([0-9]+)$`, 'm').exec(files.readIfAny(stat) ?? '');
    return used - Number(line?.[1] ?? 0) - limit;
  }
  return null;
}
