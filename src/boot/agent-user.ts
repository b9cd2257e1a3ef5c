import { agentIdentity, egressIdentity, packetLoggerIdentity } from '../confinement/profile.ts';
import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { AgentUser, Platform } from '../state/environment.ts';
import type { Volume } from './volumes.ts';

/** Below it an image names the users of its system: what its programs run as, and whose groups open files. */
const firstOrdinary = 1000;
/** `nobody`, and what the kernel shows where an owner has no number in this user namespace. */
const nobody = 65534;
const workPoints: readonly string[] = [Paths.workspace, Paths.repository];
const claudePoints: readonly string[] = [Paths.claude, Paths.home];
const reserved = [egressIdentity.uid, packetLoggerIdentity.uid, nobody];

export interface AgentUserFacts {
  readonly platform: Platform;
  /** What the image calls its users and groups: passwd(5) and group(5). */
  readonly users: readonly number[];
  readonly groups: readonly number[];
  /** Whom the operator wants. */
  readonly asked: { readonly uid: number; readonly gid: number } | null;
}

/** Decides from the volumes alone. Throws what the operator has to change, with 78. */
export function planAgentUser(volumes: readonly Volume[], facts: AgentUserFacts): AgentUser {
  const { asked } = facts;
  if (asked !== null) assertAsked(asked, facts);
  const relevant = volumes.filter((volume) => volume.point !== Paths.data || isNeeded(volumes));
  const given = relevant.filter(isNobodys);
  const owned = relevant.filter((volume) => !isNobodys(volume));
  const { agent, borrowed } = asked === null ? ownerOf(owned, facts) : askedOf(owned, asked);
  const data = relevant.some(({ point }) => point === Paths.data);
  return {
    agent,
    given: given.map(({ point }) => point),
    borrowed: borrowed.map(({ point }) => point),
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

interface Chosen {
  readonly agent: { readonly uid: number; readonly gid: number };
  /** What is somebody else's, and has to be writable to the agent all the same. */
  readonly borrowed: readonly Volume[];
}

/** What an engine on a Mac shares shows root as its owner, and lets everybody write: whether it does is tried later. */
function ownerOf(owned: readonly Volume[], facts: AgentUserFacts): Chosen {
  const isRoots = ({ uid }: Volume) => uid === 0 && facts.platform !== 'podman';
  const others = owned.filter((volume) => !isRoots(volume));
  for (const volume of others) assertOrdinary(volume, facts);
  const [first] = others;
  const other = others.find(({ uid }) => uid !== first?.uid);
  if (first !== undefined && other !== undefined) throw twoOwners(first, other, facts);
  const agent = first === undefined ? agentIdentity : identityOf(first, facts);
  return { agent, borrowed: owned.filter(isRoots) };
}

function askedOf(owned: readonly Volume[], agent: { uid: number; gid: number }): Chosen {
  return { agent, borrowed: owned.filter(({ uid }) => uid !== agent.uid) };
}

/** A group of the system's would open the system's files: then the agent has a group of its own. */
function identityOf({ uid, gid }: Volume, { groups }: AgentUserFacts): { uid: number; gid: number } {
  return { uid, gid: isOrdinary(gid, groups) ? gid : uid };
}

/** @param named what the image has names for: below 1000 those are the system's, and nobody else is. */
function isOrdinary(id: number, named: readonly number[]): boolean {
  return id > 0 && (id >= firstOrdinary || !named.includes(id)) && !reserved.includes(id);
}

function assertAsked({ uid, gid }: { uid: number; gid: number }, { users, groups }: AgentUserFacts): void {
  const wrong = !isOrdinary(uid, users) ? `uid ${uid}` : isOrdinary(gid, groups) ? null : `gid ${gid}`;
  if (wrong === null) return;
  throw new BootError({
    message: `AGENT_USER names ${wrong}, which is root's, a user or group of the system, or one of the box's own`,
    remedy: 'Name an ordinary one, as AGENT_USER=501:501, or leave it out.',
    code: ExitCode.settings,
  });
}

function assertOrdinary({ point, uid }: Volume, { platform, users }: AgentUserFacts): void {
  if (isOrdinary(uid, users)) return;
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

function twoOwners(first: Volume, other: Volume, facts: AgentUserFacts): BootError {
  const { uid, gid } = identityOf(first, facts);
  return new BootError({
    message: `${first.point} belongs to uid ${first.uid} and ${other.point} to uid ${other.uid}, but the agent is one user`,
    remedy: `On the host: chown -R ${uid}:${gid} the folder mounted at ${other.point}, or mount a new, empty volume there. A named volume is changed by ${chownCommand(`${uid}:${gid}`)}`,
    code: ExitCode.settings,
  });
}

/** @returns what changes the owner of all that is on a named volume, wherever the engine keeps it. */
export function chownCommand(owner: string): string {
  return `docker run --rm --user 0 --entrypoint chown --volume NAME:/v ghcr.io/cloister-dev/cloister -R ${owner} /v`;
}
