import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import { renderSize } from '../core/size.ts';
import { type Mount, mountAt } from '../host/proc/mountinfo.ts';
import type { Room, Settings } from '../settings/settings.ts';
import { type RoomPlace, roomOptions, roomPlaces } from './room-places.ts';

const MB = 1024 ** 2;
/** What stays outside the rooms for programs, when the memory is limited. */
const reserve = 512 * MB;

/** @returns the rooms that have to be there, and a workspace that is there without need. */
export function neededRooms({
  agent,
  workspace = Paths.workspace,
  mounts,
}: Pick<MountsFacts, 'agent' | 'workspace' | 'mounts'>): RoomPlace[] {
  return roomPlaces(agent).filter(
    ({ room, point }) =>
      room !== 'workspace' || workspace === Paths.workspace || mountAt(mounts, point) !== null,
  );
}

export interface MountsFacts {
  readonly mounts: readonly Mount[];
  readonly sizes: Settings['sizes'];
  readonly memoryLimit: number | null;
  readonly sysAdmin: boolean;
  readonly agent: { uid: number; gid: number };
  /** Where the agent works; its room is not needed where that is elsewhere. */
  readonly workspace?: string;
}

/** What the mounts step has to do; everything else the operator has put there already. */
export interface MountsPlan {
  readonly mount: readonly { readonly point: string; readonly options: string }[];
  /** Mounted by the operator: kept as they are. */
  readonly keep: readonly string[];
  readonly makeRootReadOnly: boolean;
  /** What an operator should know although it stops nothing. */
  readonly remarks: readonly string[];
}

/** Decides what to mount. Throws what the operator has to change, with the exact flag. */
export function planMounts(facts: MountsFacts): MountsPlan {
  const sizes = fitSizes(facts);
  const plan = {
    mount: [] as { point: string; options: string }[],
    keep: [] as string[],
    remarks: [] as string[],
  };
  for (const place of neededRooms(facts)) {
    const there = mountAt(facts.mounts, place.point);
    const options = roomOptions(place, sizes[place.room]);
    if (there !== null) {
      assertUsable(there, place.point, { asked: facts.sizes[place.room], options });
      plan.keep.push(place.point);
      if (there.options.includes('noexec'))
        plan.remarks.push(`${place.point} is noexec: programs built there will not run`);
      if (there.type !== 'tmpfs' && facts.sizes[place.room].explicit)
        plan.remarks.push(`${place.point} is a volume: its size is not ours to set`);
    } else if (facts.sysAdmin) plan.mount.push({ point: place.point, options: `nosuid,nodev,${options}` });
    else throw missingRoom(place.point, options);
  }
  const makeRootReadOnly = !(mountAt(facts.mounts, '/')?.own.includes('ro') ?? false);
  if (makeRootReadOnly && !facts.sysAdmin) {
    throw new BootError({
      message: 'the root filesystem is writable and could not be made read-only',
      remedy: 'Add --read-only (or, where the platform has no such flag, --cap-add SYS_ADMIN).',
      code: ExitCode.platform,
    });
  }
  const excess = excessRemark(facts);
  return { ...plan, remarks: [...plan.remarks, ...(excess === null ? [] : [excess])], makeRootReadOnly };
}

/** What an operator has mounted may be more than there is: files in memory can't be ended. */
function excessRemark({ mounts, memoryLimit }: MountsFacts): string | null {
  const tmpfs = [Paths.workspace, Paths.tmp, Paths.home].flatMap((point) => {
    const mount = mountAt(mounts, point);
    return mount?.type === 'tmpfs' ? [sizeOf(mount) ?? 0] : [];
  });
  const sum = tmpfs.reduce((total, size) => total + size, 0);
  if (memoryLimit === null || sum <= memoryLimit - Math.min(reserve, memoryLimit / 4)) return null;
  return `the folders in memory may take ${renderSize(sum)} of ${Math.floor(memoryLimit / MB)}m: give their --tmpfs a smaller size, or more memory`;
}

function missingRoom(point: string, options: string): BootError {
  return new BootError({
    message: `there is no tmpfs or volume at ${point}`,
    remedy: `Add --tmpfs ${point}:rw,exec,nosuid,nodev,${options} (or --cap-add SYS_ADMIN, and it mounts its own).`,
    code: ExitCode.platform,
  });
}

function assertUsable(
  there: Mount,
  point: string,
  wanted: { asked: { bytes: number; explicit: boolean }; options: string },
): void {
  if (there.own.includes('ro')) {
    throw new BootError({
      message: `${point} is mounted read-only`,
      remedy: `Mount it writable: the agent works there.`,
      code: ExitCode.platform,
    });
  }
  if (there.type !== 'tmpfs') return;
  if (!there.options.includes('nosuid') || !there.options.includes('nodev')) {
    throw new BootError({
      message: `the tmpfs at ${point} lacks nosuid or nodev`,
      remedy: `Use --tmpfs ${point}:rw,exec,nosuid,nodev,${wanted.options}`,
      code: ExitCode.platform,
    });
  }
  const size = sizeOf(there);
  if (wanted.asked.explicit && size !== wanted.asked.bytes) {
    throw new BootError({
      message: `${point} was asked to be ${renderSize(wanted.asked.bytes)} but the tmpfs mounted there has ${size === null ? 'no bound' : renderSize(size)}`,
      remedy: `Give the tmpfs at ${point} size=${renderSize(wanted.asked.bytes)}, or leave the size setting out.`,
      code: ExitCode.settings,
    });
  }
}

/** @returns bytes of a tmpfs, or null if it has no bound of its own. */
export function sizeOf(mount: Mount): number | null {
  const text = mount.options.find((option) => option.startsWith('size='))?.slice('size='.length);
  const match = /^([0-9]+)k$/.exec(text ?? '');
  return match === null ? null : Number(match[1]) * 1024;
}

/** Has the sizes nobody asked for follow the memory, and shrinks them until everything fits it with its reserve. */
export function fitSizes(facts: MountsFacts): Record<Room, number> {
  const { sizes, memoryLimit } = facts;
  const rooms = neededRooms(facts).filter(({ point }) => mountAt(facts.mounts, point) === null);
  const result: Record<Room, number> = {
    workspace: sizes.workspace.bytes,
    tmp: sizes.tmp.bytes,
    home: sizes.home.bytes,
  };
  if (memoryLimit === null) return result;
  const sum = (some: readonly { room: Room }[]) =>
    some.reduce((total, { room }) => total + sizes[room].bytes, 0);
  const fixed = sum(rooms.filter(({ room }) => sizes[room].explicit));
  const flexible = rooms.filter(({ room }) => !sizes[room].explicit);
  const left = memoryLimit - Math.min(reserve, memoryLimit / 4) - fixed;
  const least = flexible.length * 16 * MB;
  if (left < least) {
    throw new BootError({
      message: `the asked sizes do not fit the memory limit of ${Math.floor(memoryLimit / MB)} MB with a reserve for programs`,
      remedy: 'Lower WORKSPACE_SIZE, TMP_SIZE or HOME_SIZE, or raise the memory limit.',
      code: ExitCode.settings,
    });
  }
  const shrunk = Math.min(1, left / Math.max(sum(flexible), 1));
  const grown = (place: RoomPlace) => Math.max(0, memoryLimit * place.share - sizes[place.room].bytes);
  const growth = flexible.reduce((total, place) => total + grown(place), 0);
  const spare = Math.max(0, Math.min(1, (left - sum(flexible)) / Math.max(growth, 1)));
  for (const place of flexible) {
    const bytes = sizes[place.room].bytes * shrunk + grown(place) * spare;
    result[place.room] = Math.max(16 * MB, Math.floor(bytes / MB) * MB);
  }
  return result;
}
