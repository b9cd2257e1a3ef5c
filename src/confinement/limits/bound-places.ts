import { Paths } from '../../core/paths.ts';
import type { StepTools } from '../../core/step-tools.ts';
import type { Host } from '../../host/host.ts';
import { mountAt, readMounts } from '../../host/proc/mountinfo.ts';

/** Of what Claude keeps while it works: outputs of its commands, and notes of its own. */
const scratchSize = '256m';

/**
 * Bounds the small places in memory that the agent can fill: the folder of its tmux socket, that of
 * Claude's temporary files, and shared memory. Where
 * that fails they stay what they are, and the limits say so.
 */
export async function boundPlaces(
  host: Host,
  agent: { uid: number; gid: number },
  undo: StepTools['undo'],
): Promise<void> {
  const mounts = readMounts(host.files);
  const mount = (args: readonly string[]) =>
    host.run({ argv: ['/usr/bin/mount', ...args] }).then(
      () => true,
      () => false,
    );
  const own = `mode=0700,uid=${agent.uid},gid=${agent.gid}`;
  const places = [
    { point: Paths.session, options: `nosuid,nodev,noexec,size=1m,nr_inodes=64,${own}` },
    { point: Paths.scratch, options: `nosuid,nodev,size=${scratchSize},nr_inodes=16384,${own}` },
  ];
  for (const { point, options } of places) {
    if (mountAt(mounts, point) !== null) continue;
    host.files.ensureFolder(point, { mode: 0o700 });
    if (await mount(['-t', 'tmpfs', '-o', options, 'tmpfs', point]))
      undo(() => host.run({ argv: ['/usr/bin/umount', point] }).then(() => {}));
  }
  if (mountAt(mounts, '/dev/shm') !== null)
    await mount(['-o', 'remount,nosuid,nodev,noexec,size=64m,nr_inodes=4096', '/dev/shm']);
}
