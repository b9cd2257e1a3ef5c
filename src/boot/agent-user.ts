import { agentIdentity, egressIdentity, packetLoggerIdentity } from '../confinement/profile.ts';
import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { AgentUser, Platform } from '../state/environment.ts';

import type { Volume } from './volumes.ts';

/** Below it are the users of the system: what an image's programs run as, and whose groups open files. */
const firstOrdinary = 1000;
/** `nobody`, and what the kernel shows where an owner has no number in this user namespace. */
const nobody = 65534;
const workPoints: readonly string[] = [Paths.workspace, Paths.repository];
const claudePoints: readonly string[] = [Paths.claude, Paths.home];
const reserved = [egressIdentity.uid, packetLoggerIdentity.uid, nobody];

/** Decides from the volumes alone. Throws what the operator has to change, with 78. */
export function planAgentUser(volumes: readonly Volume[], platform: Platform): AgentUser {
  const relevant = volumes.filter((volume) => volume.point !== Paths.data || isNeeded(volumes));
  const given = relevant.filter(isNobodys);
  const owned = relevant.filter((volume) => !isNobodys(volume));
  for (const volume of owned) assertOrdinary(volume, platform);
  const [first] = owned;
  const other = owned.find(({ uid }) => uid !== first?.uid);
  if (first !== undefined && other !== undefined) throw twoOwners(first, other);
  const data = relevant.some(({ point }) => point === Paths.data);
  return {
    agent: first === undefined ? agentIdentity : identityOf(first),
    given: given.map(({ point }) => point),
    workspace: data && !isAt(volumes, workPoints) ? Paths.dataWorkspace : Paths.workspace,
    claudeLink: data && !isAt(volumes, claudePoints) ? Paths.dataClaude : null,
  };
}

/** With a volume for each of the two places, whatever is at `/data` is the operator's own affair. */
function isNeeded(volumes: readonly Volume[]): boolean {
  return !(isAt(volumes, workPoints) && isAt(volumes, claudePoints));
}

function isAt(volumes: readonly Volume[], points: readonly string[]): boolean {
  return volumes.some(({ point }) => points.includes(point));
}

/** A fresh volume belongs to root, or, where the engine copied the image's own empty folder into it, to uid 1000. */
function isNobodys({ uid, empty }: Volume): boolean {
  return empty && (uid === 0 || uid === agentIdentity.uid);
}

/** A group of the system's would open the system's files: then the agent has a group of its own. */
function identityOf({ uid, gid }: Volume): { uid: number; gid: number } {
  return { uid, gid: isOrdinary(gid) ? gid : uid };
}

function isOrdinary(id: number): boolean {
  return id >= firstOrdinary && !reserved.includes(id);
}

function assertOrdinary({ point, uid }: Volume, platform: Platform): void {
  if (isOrdinary(uid)) return;
  const { uid: own, gid } = agentIdentity;
  const mapped =
    platform === 'podman'
      ? ` Rootless Podman shows your own files so unless it is run with --user 0 --userns=keep-id:uid=${own},gid=${gid}.`
      : '';
  throw new BootError({
    message: `${point} belongs to ${whoIs(uid)}, and the agent is never that user`,
    remedy: `On the host: chown -R ${own}:${gid} the folder mounted at ${point}, or give it to any other ordinary user, as whom the agent then runs; a new, empty volume needs nothing.${mapped}`,
    code: ExitCode.settings,
  });
}

function whoIs(uid: number): string {
  if (uid === 0) return 'root';
  if (uid === nobody) return `uid ${uid} (nobody)`;
  return reserved.includes(uid) ? `uid ${uid}, a user of the box's own` : `uid ${uid}, a user of the system`;
}

function twoOwners(first: Volume, other: Volume): BootError {
  const { uid, gid } = identityOf(first);
  return new BootError({
    message: `${first.point} belongs to uid ${first.uid} and ${other.point} to uid ${other.uid}, but the agent is one user`,
    remedy: `On the host: chown -R ${uid}:${gid} the folder mounted at ${other.point}, or mount a new, empty volume there.`,
    code: ExitCode.settings,
  });
}
