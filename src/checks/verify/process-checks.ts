import { fileAttempts } from '../../host/file-attempts.ts';
import type { ShortHost } from '../../host/host.ts';
import { listPids } from '../../host/proc/pid.ts';
import { allRefused, type Checks } from './verdict.ts';

/** Hidden processes are gone for who may not see them. */
const closed = ['EACCES', 'EPERM', 'ENOENT', 'ESRCH'];

/** What the agent's user can do to processes of others: init, the egress process, the reader of the firewall's log. */
export const processChecks: Checks = {
  "init's environment is closed": () =>
    allRefused({ environ: () => fileAttempts.read('/proc/1/environ') }, closed),
  'the memory of other users’ processes is closed': (host) =>
    allRefused(
      attacks(host, (folder) => ({
        mem: () => {
          fileAttempts.openToReadAndWrite(`${folder}/mem`);
          assertMemory(folder);
        },
        maps: () => assertMemory(folder),
        environ: () => {
          fileAttempts.read(`${folder}/environ`);
          assertMemory(folder);
        },
      })),
      closed,
    ),
  'the files of other users’ processes are closed': (host) =>
    allRefused(
      attacks(host, (folder) => ({
        root: () => fileAttempts.list(`${folder}/root/`),
        cwd: () => fileAttempts.readLink(`${folder}/cwd`),
        fd: () => fileAttempts.list(`${folder}/fd`),
      })),
      closed,
    ),
  'other users’ processes take no signal': (host) =>
    allRefused(
      attacks(host, (folder) => ({ signal: () => host.signal(Number(folder.slice(6)), 0) })),
      closed,
    ),
};

/** A process that has ended and waits for its parent has no memory: the kernel opens that emptiness to everybody. */
function assertMemory(folder: string): void {
  if (fileAttempts.read(`${folder}/maps`) === 0)
    throw Object.assign(new Error('the process has ended'), { code: 'ESRCH' });
}

/** The attacks on each process of another user, init first. */
function attacks(
  host: ShortHost,
  on: (folder: string) => Record<string, () => unknown>,
): Record<string, () => unknown> {
  const others = listPids(host.files)
    .map((pid) => `/proc/${pid}`)
    .filter((folder) => host.files.facts(folder)?.uid !== host.uid);
  const targets = new Set(['/proc/1', ...others]);
  return Object.fromEntries(
    [...targets].flatMap((folder) =>
      Object.entries(on(folder)).map(([name, attack]) => [
        `${folder.slice(6)}/${name}`,
        () => onOthers(host, folder, attack),
      ]),
    ),
  );
}

/** A program that starts as the agent is root's for a moment: what is ours by the time an attack succeeds proves nothing. */
function onOthers(host: ShortHost, folder: string, attack: () => unknown): void {
  attack();
  if (folder !== '/proc/1' && host.files.facts(folder)?.uid === host.uid)
    throw Object.assign(new Error('the process is our own by now'), { code: 'ESRCH' });
}
