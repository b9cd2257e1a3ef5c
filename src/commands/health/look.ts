import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { agentIdentity } from '../../core/agent-profile.ts';
import { proofName } from '../../core/finding.ts';
import { guardPort, ownAddress } from '../../core/own-address.ts';
import { Paths } from '../../core/paths.ts';
import type { Files, Host } from '../../host/host.ts';

/** Milliseconds for each answer. */
const patience = 2000;

/** Has init look at the wall.  @returns what the wall lacks, or null where init gives no answer in time. */
export async function askForGaps(host: Host): Promise<readonly string[] | null> {
  const late = host.sleep(patience).then(() => '{}');
  try {
    const reply = await Promise.race([host.ask(Paths.control, '{"command":"health"}'), late]);
    return (JSON.parse(reply) as { data?: readonly string[] }).data ?? null;
  } catch {
    return null;
  }
}

/** A name that nobody has is denied by the box itself: no packet leaves for the answer. */
export async function resolverAnswers(): Promise<boolean> {
  const resolver = new Resolver({ timeout: patience, tries: 1 });
  resolver.setServers([ownAddress]);
  const code = await resolver.resolve4(proofName).then(
    () => '',
    (error: NodeJS.ErrnoException) => error.code,
  );
  return code === 'ENOTFOUND';
}

/** Who comes to the guard without having been led there is cut off: that too is an answer. */
export function guardAnswers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: ownAddress, port: guardPort, timeout: patience });
    const settle = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNRESET'));
    socket.on('end', () => settle(true));
    socket.on('timeout', () => settle(false));
    socket.resume();
  });
}

/** Looks for Claude's own process, by its name and its user. */
export function agentRuns(files: Pick<Files, 'list' | 'readIfAny' | 'facts'>): boolean {
  return files
    .list('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .some(
      (pid) =>
        files.readIfAny(`/proc/${pid}/comm`)?.trim() === 'claude' &&
        files.facts(`/proc/${pid}`)?.uid === agentIdentity.uid,
    );
}

/** @returns whether the mount at `path` is writable, and the share of its bytes or inodes in use. */
export function diskAt(
  files: Pick<Files, 'read' | 'space'>,
  path: string,
): { writable: boolean; used: number } {
  const mount = files
    .read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' '))
    .findLast((fields) => fields[4] === path);
  const { size, used, inodes, inodesUsed } = files.space(path);
  const share = Math.max(size === 0 ? 0 : used / size, inodes === 0 ? 0 : inodesUsed / inodes);
  return { writable: mount?.[5]?.split(',').includes('rw') ?? false, used: share };
}
