import { constants, openSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { Paths } from '../../core/paths.ts';
import { allRefused, type Checks, judge, refused } from './verdict.ts';

const notWritten = ['EROFS', 'EACCES', 'EPERM'];
const kernelSwitches = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/vm/overcommit_memory',
  '/proc/sysrq-trigger',
];
const searched = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What the agent's user can do to files. A sweep of every file is for the image's build and its tests. */
export const fileChecks: Checks = {
  'the root filesystem is read-only': () =>
    allRefused(creating(['/', '/etc', '/usr', '/usr/local/bin', '/root', '/opt']), notWritten),
  'no program that others run can be replaced': () =>
    allRefused({ ...creating(searched), ...writing([Paths.program, Paths.node, Paths.seccomp]) }, notWritten),
  'the state of the box belongs to root': () =>
    allRefused({ ...writing([Paths.state]), ...creating([Paths.run, Paths.agent, Paths.wallLog]) }, [
      'EROFS',
      'EACCES',
      'EPERM',
      'ENOENT',
    ]),
  "root's private folder is closed": () => refused(() => readdirSync(Paths.private), ['EACCES']),
  "the operator's socket is closed": () => refused(() => greet(Paths.control), ['EACCES', 'ENOENT']),
  "the kernel's switches are closed": () => allRefused(writing(kernelSwitches), [...notWritten, 'ENOENT']),
  'how names are resolved is not the agent’s to change': () =>
    allRefused(writing(['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf']), [...notWritten, 'ENOENT']),
  'no program gives more rights than its caller has': () => {
    const raised = searched.flatMap((folder) => setuidIn(folder));
    return judge(raised.length === 0, raised.join(' '));
  },
};

function creating(folders: readonly string[]): Record<string, () => unknown> {
  return Object.fromEntries(
    folders.map((folder) => [
      folder,
      () => openSync(`${folder}/.cloister-proof`, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL),
    ]),
  );
}

function writing(paths: readonly string[]): Record<string, () => unknown> {
  return Object.fromEntries(paths.map((path) => [path, () => openSync(path, constants.O_WRONLY)]));
}

function greet(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.on('connect', () => resolve(void socket.destroy()));
    socket.on('error', reject);
  });
}

function setuidIn(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => `${folder}/${name}`)
    .filter((path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o6000) !== 0);
}
