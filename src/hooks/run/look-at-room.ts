import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { mountAt, readMounts } from '../../host/proc/mountinfo.ts';
import { processorsOf, readStatus } from '../../host/proc/pid.ts';
import { parseState } from '../../state/box-state.ts';
import { renderStart } from '../fork.ts';
import { chooseShort, describeNoThread, describeRoom, type Place, type RoomFacts } from '../room.ts';

/** Tells a session of its room as it starts, and again when its context was made new. */
export function tellRoom(host: ShortHost): string {
  return renderStart(describeRoom(lookAtRoom(host)));
}

/** @param output of the tool that has just run.  @returns a sentence for each thing that has run short. */
export function findShort(host: ShortHost, session: string, output: string): string[] {
  try {
    return findShortIn(host, { session, output, facts: lookAtRoom(host) });
  } catch {
    // What was refused is told all the same.
    return [];
  }
}

function findShortIn(
  host: ShortHost,
  { session, output, facts }: { session: string; output: string; facts: RoomFacts },
): string[] {
  const path = `${Paths.session}/room-${session}`;
  const { places, processes } = facts;
  const before = parseTold(host.files.readIfAny(path));
  const { lines, told } = chooseShort(places, before);
  if (JSON.stringify(told) !== JSON.stringify(before)) remember(host, path, told);
  const thread = describeNoThread(output, processes);
  return thread === null ? lines : [...lines, thread];
}

function lookAtRoom(host: ShortHost): RoomFacts {
  const { files } = host;
  const state = parseState(files.readIfAny(Paths.state));
  const mounts = readMounts(files);
  const workspace = state?.workspace ?? Paths.workspace;
  const points = [...new Set([workspace, Paths.tmp, Paths.home, Paths.scratch])];
  const limits = state?.containment.limits ?? null;
  return {
    places: points.flatMap((path): Place[] => {
      const mount = mountAt(mounts, path);
      if (path === Paths.scratch && mount === null) return [];
      return [{ path, inMemory: mount?.type === 'tmpfs', ...files.space(path) }];
    }),
    processors: processorsOf(readStatus(files, 'self')),
    memory: limits?.memory?.bytes ?? null,
    processes: limits?.processes.count ?? null,
  };
}

function parseTold(text: string | null): Record<string, number> {
  try {
    const value = JSON.parse(text ?? '{}') as Record<string, unknown> | null;
    return Object.fromEntries(
      Object.entries(value ?? {}).filter((one): one is [string, number] => typeof one[1] === 'number'),
    );
  } catch {
    return {};
  }
}

function remember(host: ShortHost, path: string, told: object): void {
  try {
    host.files.write(path, JSON.stringify(told), 0o600);
  } catch {
    // Told twice is better than not at all.
  }
}
