import { Paths } from '../../core/paths.ts';
import type { StepTools } from '../../core/step-tools.ts';
import type { Host } from '../../host/host.ts';
import { mountAt, readMounts } from '../../host/proc/mountinfo.ts';

/**
 * Bounds the small places in memory that the agent can fill: the folder of its tmux socket, and shared memory. Where
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
  if (mountAt(mounts, Paths.session) === null) {
    const options = `nosuid,nodev,noexec,size=1m,nr_inodes=64,mode=0700,uid=${agent.uid},gid=${agent.gid}`;
    if (await mount(['-t', 'tmpfs', '-o', options, 'tmpfs', Paths.session]))
      undo(() => host.run({ argv: ['/usr/bin/umount', Paths.session] }).then(() => {}));
  }
  if (mountAt(mounts, '/dev/shm') !== null)
    await mount(['-o', 'remount,nosuid,nodev,noexec,size=64m,nr_inodes=4096', '/dev/shm']);
}
