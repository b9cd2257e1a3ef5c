import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { Mount } from '../host/proc/mountinfo.ts';

export interface RoomToMount {
  readonly point: string;
  /** As mount(8) takes them. */
  readonly options: string;
  readonly agent: { readonly uid: number; readonly gid: number };
}

const stage = `${Paths.private}/room`;

/**
 * Plans the mount of a tmpfs at a point below which an operator has mounted something: it would be covered. So the room
 * is laid out beside, with what is to be seen in it, and then put in place whole.
 * @returns what is below, outermost only.
 */
export function mountsBelow(mounts: readonly Mount[], point: string): string[] {
  const inside = mounts.map((mount) => mount.point).filter((other) => other.startsWith(`${point}/`));
  return [...new Set(inside)].filter(
    (one) => !inside.some((other) => other !== one && one.startsWith(`${other}/`)),
  );
}

/** Mounts the room, and keeps in sight what was mounted below it. */
export async function mountRoom(
  mount: (args: readonly string[]) => Promise<void>,
  host: Host,
  room: RoomToMount & { readonly below: readonly string[] },
): Promise<void> {
  const { point, options, below } = room;
  if (below.length === 0) return mount(['-t', 'tmpfs', '-o', options, 'tmpfs', point]);
  host.files.ensureFolder(Paths.private, { mode: 0o700 });
  host.files.ensureFolder(stage, { mode: 0o700 });
  await mount(['-t', 'tmpfs', '-o', options, 'tmpfs', stage]);
  // Else taking the stage away would take its copies away as well.
  await mount(['--make-private', stage]);
  for (const inside of below) {
    const relative = inside.slice(point.length + 1);
    layOut(host, relative, room.agent, host.files.facts(inside)?.kind === 'folder');
    await mount(['--rbind', inside, `${stage}/${relative}`]);
  }
  await mount(['--rbind', stage, point]);
  await host.run({ argv: ['/usr/bin/umount', '--recursive', stage] });
}

/** Makes what the mount goes on, in a tmpfs that nobody else has seen yet. */
function layOut(host: Host, relative: string, agent: RoomToMount['agent'], isFolder: boolean): void {
  const names = relative.split('/');
  const { uid, gid } = agent;
  const folders = isFolder ? names : names.slice(0, -1);
  for (let length = 1; length <= folders.length; length++)
    host.files.ensureFolder(`${stage}/${folders.slice(0, length).join('/')}`, { mode: 0o755, uid, gid });
  if (!isFolder) host.files.write(`${stage}/${relative}`, '', 0o644);
}
