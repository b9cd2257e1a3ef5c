import type { Files } from '../host.ts';

/** One line of /proc/self/mountinfo: see proc_pid_mountinfo(5). */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** Options of this mount and of its file system together: `ro`, `nosuid`, `size=524288k` … */
  readonly options: readonly string[];
  /** Options of the mount itself only: a read-only bind of a writable file system shows here alone. */
  readonly own: readonly string[];
}

/** @returns every mount this process sees, topmost last where several cover one point. */
export function readMounts(files: Pick<Files, 'read'>): Mount[] {
  return parseMounts(files.read('/proc/self/mountinfo'));
}

export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const fields = left.split(' ');
      const [type = '', , superOptions = ''] = right.split(' ');
      const own = (fields[5] ?? '').split(',');
      const point = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, code) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      );
      return { point, type, own, options: [...own, ...superOptions.split(',')] };
    });
}

/** @returns the mount one sees at exactly this path, or null. */
export function mountAt(mounts: readonly Mount[], point: string): Mount | null {
  return mounts.findLast((mount) => mount.point === point) ?? null;
}
