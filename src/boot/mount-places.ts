import { packetLoggerIdentity } from '../confinement/profile.ts';
import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { ownAddress } from '../core/own-address.ts';
import { Paths } from '../core/paths.ts';
import type { StepTools } from '../core/step-tools.ts';
import type { Host } from '../host/host.ts';
import { mountAt, readMounts } from '../host/proc/mountinfo.ts';
import type { Settings } from '../settings/settings.ts';
import type { BoxEnvironment } from '../state/environment.ts';

import { mountRoom, mountsBelow } from './mount-tmpfs.ts';
import { assertWritable, giveToAgent, nameAgent } from './ownership.ts';
import { neededRooms, planMounts } from './plan-mounts.ts';

/** Puts the writable rooms in place, makes root read-only, and proves both by looking again. */
export async function mountRooms(
  host: Host,
  facts: { settings: Settings; environment: BoxEnvironment; byAddress: boolean },
  tools: StepTools,
): Promise<{ hiddenProcesses: boolean }> {
  const { environment } = facts;
  const look = () => readMounts(host.files);
  const plan = planMounts({ mounts: look(), sizes: facts.settings.sizes, ...environment });
  for (const { point, options } of plan.mount) {
    const below = mountsBelow(look(), point);
    await mountRoom((args) => mount(host, args), host, { point, options, below, agent: environment.agent });
    const all = below.length > 0 ? ['--recursive'] : [];
    tools.undo(() => host.run({ argv: ['/usr/bin/umount', ...all, point] }).then(() => {}));
  }
  giveToAgent(host, environment);
  await assertWritable(host, environment);
  nameAgent(host, environment);
  makeOwnFolders(host, environment);
  if (needsOwnResolvConf(facts)) await bindResolvConf(host, facts);
  if (plan.makeRootReadOnly) await mount(host, ['-o', 'remount,bind,ro', '/']);
  const hiddenProcesses = environment.sysAdmin && (await hideProcesses(host));
  const after = look();
  const open = neededRooms({ ...environment, mounts: after }).filter(
    ({ point }) => mountAt(after, point) === null,
  );
  if (open.length > 0 || mountAt(after, '/')?.own.includes('ro') !== true) {
    throw new BootError({
      message: `the mounts did not take: ${open.map(({ point }) => point).join(', ') || '/'}`,
    });
  }
  const made =
    plan.mount.length > 0 ? `mounted ${plan.mount.map(({ point }) => point).join(', ')}` : 'all rooms given';
  const remarks = [
    ...plan.remarks,
    ...environment.borrowed.map((point) => `${point} is not the agent's own, and it may write there`),
  ];
  if (remarks.length > 0) tools.warn(remarks.join('; '));
  else tools.say(`${made}${plan.makeRootReadOnly ? '; root made read-only' : ''}`);
  return { hiddenProcesses };
}

async function mount(host: Host, args: readonly string[]): Promise<void> {
  try {
    await host.run({ argv: ['/usr/bin/mount', ...args] });
  } catch (cause) {
    throw new BootError({
      message: 'mounting failed although SYS_ADMIN is there',
      remedy:
        'A security module may forbid it: add --security-opt apparmor=unconfined, or give --read-only and the --tmpfs mounts.',
      code: ExitCode.platform,
      cause,
    });
  }
}

/**
 * Lets /proc show a user its own processes alone; group 0 still sees all. A comfort: what matters of another user's
 * process is closed anyway.
 */
async function hideProcesses(host: Host): Promise<boolean> {
  const options = 'remount,nosuid,nodev,noexec,hidepid=2';
  return host.run({ argv: ['/usr/bin/mount', '-o', options, 'proc', '/proc'] }).then(
    () => true,
    () => false,
  );
}

/** Folders below /run/cloister whose owner only a boot with all its capabilities can set. */
function makeOwnFolders(host: Host, { agent }: BoxEnvironment): void {
  host.files.ensureFolder(Paths.private, { mode: 0o700 });
  host.files.ensureFolder(Paths.packetLog, { mode: 0o710, gid: packetLoggerIdentity.gid });
  host.files.ensureFolder(Paths.session, { mode: 0o700, ...agent });
  // Without a tmpfs of its own the agent could fill that of the box's state.
  if (mountAt(readMounts(host.files), Paths.scratch) !== null)
    host.files.ensureFolder(Paths.scratch, { mode: 0o700, ...agent });
}

interface ResolvConfFacts {
  readonly environment: BoxEnvironment;
  readonly byAddress: boolean;
}

/** Queries to IPv4 name servers are redirected wherever they point, if anything is; those to IPv6 ones are not. */
function needsOwnResolvConf({ environment: { nameservers }, byAddress }: ResolvConfFacts): boolean {
  if (byAddress) return nameservers.some((address) => address !== ownAddress);
  return !nameservers.some((address) => !address.includes(':'));
}

async function bindResolvConf(host: Host, { environment, byAddress }: ResolvConfFacts): Promise<void> {
  if (!environment.sysAdmin) {
    throw new BootError({
      message: byAddress
        ? 'nothing can be redirected here, and /etc/resolv.conf can not be replaced'
        : '/etc/resolv.conf names no IPv4 name server and can not be replaced',
      remedy: byAddress
        ? `Mount a file that says «nameserver ${ownAddress}» at /etc/resolv.conf; on Docker's default network --dns ${ownAddress} does it.`
        : 'Add --dns with any IPv4 address: queries are redirected to the resolver of the box.',
      code: ExitCode.platform,
    });
  }
  const own = `${Paths.run}/resolv.conf`;
  host.files.write(own, `nameserver ${ownAddress}\noptions edns0\n`, 0o644);
  await mount(host, ['--bind', own, '/etc/resolv.conf']);
}
