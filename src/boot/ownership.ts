import { confined } from '../confinement/profile.ts';
import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { readMounted } from '../host/mounted-file.ts';
import { type Mount, mountAt, readMounts } from '../host/proc/mountinfo.ts';
import type { BoxEnvironment } from '../state/environment.ts';
import { chownCommand } from './agent-user.ts';
import { idsIn } from './facts.ts';
import { roomPlaces } from './room-places.ts';
import { isEmpty } from './volumes.ts';

/** What nobody but the agent may look into. */
const closed: readonly string[] = [Paths.home, Paths.claude];

/**
 * Makes the agent's what is to be its own: the empty rooms in memory, and the fresh volumes. Of each the root of the
 * mount alone, without following a link: what is below may have been laid out by last night's agent.
 */
export function giveToAgent(host: Host, { agent, given }: BoxEnvironment): void {
  const mounts = readMounts(host.files);
  const rooms = roomPlaces(agent)
    .filter(({ owned, point }) => owned && mountAt(mounts, point)?.type === 'tmpfs')
    .map(({ point }) => point);
  for (const room of rooms) openWays(host, { room, mounts, agent });
  for (const point of [...rooms, ...given]) {
    const facts = host.files.facts(point);
    if (facts === null || (facts.uid === agent.uid && facts.gid === agent.gid)) continue;
    if (!isEmpty(host.files, point, mounts)) {
      if (facts.uid === agent.uid) continue;
      throw notOurs(point, facts.uid, agent);
    }
    try {
      host.files.give(point, { ...idsOf(agent), mode: closed.includes(point) ? 0o700 : 0o755 });
    } catch (cause) {
      throw notOurs(point, facts.uid, agent, cause);
    }
  }
}

/** Gives the agent the folders that the engine made in a room on the way to what is mounted below it. */
function openWays(
  host: Host,
  { room, mounts, agent }: { room: string; mounts: readonly Mount[]; agent: { uid: number; gid: number } },
): void {
  for (const { point } of mounts.filter((mount) => mount.point.startsWith(`${room}/`))) {
    const names = point.slice(room.length + 1).split('/');
    for (let length = 1; length < names.length; length++) {
      const path = `${room}/${names.slice(0, length).join('/')}`;
      const facts = host.files.facts(path);
      // A link was the agent's doing, in a room that outlived its container; a mount is the operator's.
      if (facts?.kind !== 'folder' || mountAt(mounts, path) !== null) break;
      if (facts.uid === 0) host.files.give(path, { ...idsOf(agent), mode: 0o755 });
    }
  }
}

/** Makes a file and takes it away again: modes and owners tell nothing where another machine judges. */
const tryWriting = 'file=$(mktemp -p "$1" .cloister.XXXXXX) && rm -- "$file"';

/** Tries, as the agent, whether it may write where somebody else is the owner. Throws where it may not. */
export async function assertWritable(host: Host, { agent, borrowed }: BoxEnvironment): Promise<void> {
  for (const point of borrowed) {
    const argv = confined(['/bin/sh', '-c', tryWriting, 'sh', point], agent);
    await host.run({ argv, cwd: '/' }).catch((cause) => {
      throw notWritable(point, { owner: host.files.facts(point)?.uid ?? 0, agent, cause });
    });
  }
}

/** Programs ask what a user is called: a uid the image does not know is called as the agent is. */
export function nameAgent(host: Host, { agent: { uid, gid } }: BoxEnvironment): void {
  if (hasId(readMounted(host.files, '/etc/passwd'), uid)) return;
  host.files.write(Paths.passwd, `claude:x:${uid}:${gid}::${Paths.home}:/bin/bash\n`, 0o644);
  if (hasId(readMounted(host.files, '/etc/group'), gid)) return;
  host.files.write(Paths.group, `claude:x:${gid}:\n`, 0o644);
}

function hasId(table: string | null, id: number): boolean {
  return idsIn(table).includes(id);
}

function idsOf({ uid, gid }: { uid: number; gid: number }): { uid: number; gid: number } {
  return { uid, gid };
}

function notOurs(
  point: string,
  owner: number,
  agent: { uid: number; gid: number },
  cause?: unknown,
): BootError {
  return new BootError({
    message: `${point} belongs to uid ${owner} and could not be made the agent's`,
    remedy: `On the host: chown -R ${agent.uid}:${agent.gid} the folder mounted at ${point}.`,
    code: ExitCode.settings,
    cause,
  });
}

function notWritable(
  point: string,
  { owner, agent, cause }: { owner: number; agent: { uid: number; gid: number }; cause: unknown },
): BootError {
  const ids = `${agent.uid}:${agent.gid}`;
  return new BootError({
    message: `${point} belongs to ${owner === 0 ? 'root' : `uid ${owner}`}, and the agent, uid ${agent.uid}, can't write there`,
    remedy: [
      `On the host: chown -R ${ids} the folder mounted at ${point}, or give it to any other ordinary user, as whom the agent then runs.`,
      "On a Mac mount a folder of your own user's (id -u says which); AGENT_USER=uid:gid says whom the agent runs as.",
      `A named volume is changed by ${chownCommand(ids)}`,
    ].join(' '),
    code: ExitCode.settings,
    cause,
  });
}
