import { connect } from 'node:net';
import { Paths } from '../../core/paths.ts';
import { factsPastLinks, fileAttempts, pathsIn } from '../../host/file-attempts.ts';
import type { Files } from '../../host/host.ts';
import { mountAt, readMounts } from '../../host/proc/mountinfo.ts';
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
  'the root filesystem is read-only': async ({ files }) => {
    const verdict = await allRefused(
      creating(['/', '/etc', '/usr', '/usr/local/bin', '/root', '/opt']),
      notWritten,
    );
    // Modes and Landlock refuse as well: only the mount itself tells whether the file system would.
    return verdict.verdict === 'holds' ? judge(isRootSealed(files), 'mounted writable') : verdict;
  },
  'no program that others run can be replaced': async () => {
    const verdict = await allRefused(
      { ...creating(searched), ...writing([Paths.program, Paths.node, Paths.seccomp]) },
      notWritten,
    );
    if (verdict.verdict !== 'holds') return verdict;
    const open = [...searched, ...pathsIn(searched), Paths.program, Paths.seccomp, Paths.node].filter(isOpen);
    return judge(open.length === 0, open.join(' '));
  },
  'the state of the box belongs to root': async () => {
    const own = [
      Paths.state,
      Paths.run,
      Paths.agent,
      Paths.packetLog,
      Paths.private,
      Paths.certificates,
      Paths.browserPolicy,
    ];
    const verdict = await allRefused(
      { ...writing([Paths.state]), ...creating([Paths.run, Paths.agent, Paths.packetLog]) },
      [...notWritten, 'ENOENT'],
    );
    const open = own.filter(isOpen);
    return verdict.verdict === 'holds' ? judge(open.length === 0, open.join(' ')) : verdict;
  },
  "root's private folder is closed": () => refused(() => fileAttempts.list(Paths.private), ['EACCES']),
  "the operator's socket is closed": () => refused(() => greet(Paths.control), ['EACCES']),
  "the kernel's switches are closed": () => allRefused(writing(kernelSwitches), [...notWritten, 'ENOENT']),
  'how names are resolved is not the agent’s to change': () =>
    allRefused(writing(['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf']), [...notWritten, 'ENOENT']),
  'no program gives more rights than its caller has': () => {
    const raised = pathsIn(searched).filter((path) => ((factsPastLinks(path)?.mode ?? 0) & 0o6000) !== 0);
    return judge(raised.length === 0, raised.join(' '));
  },
};

/** Somebody beside root may write it: a second layer may refuse that today, and this tells when the first is gone. */
function isOpen(path: string): boolean {
  const facts = factsPastLinks(path);
  return facts !== undefined && (facts.uid !== 0 || (facts.mode & 0o022) !== 0);
}

function isRootSealed(files: Files): boolean {
  return mountAt(readMounts(files), '/')?.own.includes('ro') ?? false;
}

function creating(folders: readonly string[]): Record<string, () => unknown> {
  return Object.fromEntries(
    folders.map((folder) => [folder, () => fileAttempts.createAndRemove(`${folder}/.cloister-self-test`)]),
  );
}

function writing(paths: readonly string[]): Record<string, () => unknown> {
  return Object.fromEntries(paths.map((path) => [path, () => fileAttempts.openToWrite(path)]));
}

function greet(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.on('connect', () => resolve(void socket.destroy()));
    socket.on('error', reject);
  });
}
