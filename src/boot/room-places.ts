import { Paths } from '../core/paths.ts';
import { renderSize } from '../core/size.ts';
import type { Room } from '../settings/settings.ts';

export interface RoomPlace {
  readonly room: Room;
  readonly point: string;
  /** Options besides size and inodes, as mount(8) and Docker's --tmpfs take them. */
  readonly options: string;
  readonly owned: boolean;
  /** What it has in the smallest container. */
  readonly inodes: number;
  /** Of the container's memory, once that is more than the smallest sizes take. */
  readonly share: number;
}

/** The writable rooms. */
export function roomPlaces(agent: { uid: number; gid: number }): RoomPlace[] {
  const own = `uid=${agent.uid},gid=${agent.gid}`;
  const most = 262_144;
  return [
    {
      ...{ room: 'workspace', point: Paths.workspace, options: `mode=0755,${own}`, owned: true },
      ...{ inodes: most, share: 3 / 8 },
    },
    {
      ...{ room: 'tmp', point: Paths.tmp, options: 'mode=1777', owned: false },
      ...{ inodes: most / 4, share: 1 / 8 },
    },
    {
      ...{ room: 'home', point: Paths.home, options: `mode=0700,${own}`, owned: true },
      ...{ inodes: most, share: 1 / 4 },
    },
  ];
}

/** Bytes for each file that a room of more than the smallest size may have: a project's are larger on average. */
const perInode = 4096;

/** Inodes are bounded because empty files take kernel memory that no size counts. */
export function roomOptions({ inodes, options }: RoomPlace, bytes: number): string {
  const count = Math.max(inodes, Math.floor(bytes / perInode));
  return `size=${renderSize(bytes)},nr_inodes=${count},${options}`;
}
