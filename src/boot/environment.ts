import { BootError } from '../core/errors.ts';
import { ExitCode } from '../core/exit-codes.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { readMounted } from '../host/mounted-file.ts';
import { memoryLimitOf } from '../host/proc/cgroup.ts';
import { mountAt, readMounts } from '../host/proc/mountinfo.ts';
import { readStatus } from '../host/proc/pid.ts';
import { isNeverOpened, isNoHost, type Surroundings } from '../policy/address-class.ts';
import type { Range } from '../policy/range.ts';
import type { Settings } from '../settings/settings.ts';
import type { BoxEnvironment } from '../state/environment.ts';
import { findOtherBoot } from '../state/other-boot.ts';
import { planAgentUser } from './agent-user.ts';
import {
  type Capability,
  idsIn,
  parseCapabilities,
  parseConnectedRoutes,
  parseGateways,
  parseHosts,
  parseLocalAddresses,
  parseNameservers,
  platformOf,
} from './facts.ts';
import { planUpstreams } from './plan-upstreams.ts';
import { readVolumes } from './volumes.ts';

const needed: readonly Capability[] = [
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'SETUID',
  'SETGID',
  'SETPCAP',
  'CHOWN',
  'KILL',
  'DAC_OVERRIDE',
  'FOWNER',
];

/** Reads what the platform is and refuses one that could not hold the promises. Changes nothing. */
export function readEnvironment(host: Host, settings: Settings): BoxEnvironment {
  const { files } = host;
  const platform = platformOf({
    env: host.env,
    dockerenv: files.facts('/.dockerenv') !== null,
    containerenv: files.facts('/run/.containerenv') !== null,
  });
  const capabilities = parseCapabilities(readStatus(files, 'self'));
  assertCapabilities(capabilities);
  if (platform !== 'fly') assertOwnNetwork(host);
  const resolvConf = readMounted(files, '/etc/resolv.conf') ?? '';
  const nameservers = parseNameservers(resolvConf);
  const routes = files.readIfAny('/proc/net/route') ?? '';
  const around = {
    connected: parseConnectedRoutes(routes),
    local: parseLocalAddresses(files.readIfAny('/proc/net/fib_trie') ?? ''),
  };
  assertOpens(settings.allowPrivate, around);
  return {
    platform,
    ...around,
    sysAdmin: capabilities.has('SYS_ADMIN'),
    nameservers,
    neighbours: {
      hosts: parseHosts(readMounted(files, '/etc/hosts') ?? '', namesBeside(settings)),
      resolvers:
        namesBeside(settings).length === 0 ? [] : nameservers.filter((address) => !isNoHost(address)),
      gateways: parseGateways(routes, around.connected),
    },
    ...(settings.upstreams === null
      ? planUpstreams(resolvConf)
      : { upstreams: settings.upstreams, engineForwards: false }),
    ipv6: files.facts('/proc/net/if_inet6') !== null,
    ...planAgentUser(readVolumes(files), {
      platform,
      users: idsIn(readMounted(files, '/etc/passwd')),
      groups: idsIn(readMounted(files, '/etc/group')),
      asked: settings.agentUser,
    }),
    memoryLimit: ownMemoryOf(host),
  };
}

/** Whom the hosts file or the engine's resolver may know: neighbours, and the host of the operator's proxy. */
function namesBeside({ neighbours, proxy }: Settings): string[] {
  return [...neighbours.map(({ name }) => name), ...(proxy === null ? [] : [proxy.host])];
}

/** What no cloud has in common, only this container's own network tells. */
function assertOpens(allowed: readonly Range[], around: Surroundings): void {
  if (allowed.length === 0 || !allowed.every((range) => isNeverOpened(range, around))) return;
  throw new BootError({
    message: 'a setting is wrong',
    remedy:
      "ALLOW_PRIVATE holds nothing but this box's own and broadcast addresses, which nothing opens. Unset it.",
    code: ExitCode.settings,
  });
}

function assertCapabilities(capabilities: ReadonlySet<Capability>): void {
  const missing = needed.filter((name) => !capabilities.has(name));
  if (missing.length === 0) return;
  throw new BootError({
    message: `the container lacks ${missing.length === 1 ? 'the capability' : 'the capabilities'} ${missing.join(', ')}`,
    remedy: `Run it as root with ${missing.map((name) => `--cap-add ${name}`).join(' ')}. The README's docker run has every flag.`,
    code: ExitCode.platform,
  });
}

/** The first network namespace of a machine is the only one that shows the settings of network devices' queues. */
function assertOwnNetwork(host: Host): void {
  if (host.files.facts('/proc/sys/net/core/netdev_max_backlog') === null) return;
  throw new BootError({
    message: "this is the host's own network namespace: the firewall would lock the host",
    remedy: 'Run it without --network host.',
    code: ExitCode.platform,
  });
}

const portStart = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

/** Keeps the ports below 1024 to root: with UDP another user could share the resolver's and answer in its place. */
export function ensureOwnPorts(host: Host): void {
  const isOurs = () => Number(host.files.readIfAny(portStart) ?? 1024) >= 1024;
  if (isOurs()) return;
  try {
    host.files.append(portStart, '1024');
  } catch {
    // Read-only in most containers: then the engine has to set it.
  }
  if (isOurs()) return;
  throw new BootError({
    message: 'every user may bind the ports below 1024 here, also those of the resolver and the proxy',
    remedy: 'Run it with --sysctl net.ipv4.ip_unprivileged_port_start=1024.',
    code: ExitCode.platform,
  });
}

function ownMemoryOf(host: Host): number | null {
  const machine =
    Number(/^MemTotal:\s+([0-9]+) kB/m.exec(host.files.readIfAny('/proc/meminfo') ?? '')?.[1]) * 1024;
  const limit = memoryLimitOf(host.files);
  if (limit !== null && !(limit > machine)) return limit;
  return Number.isSafeInteger(machine) ? machine : null;
}

/** Makes sure there is a folder in memory for the lock, the state and everything else of this boot. */
export async function ensureRunFolder(host: Host): Promise<void> {
  const mounts = readMounts(host.files);
  if (mountAt(mounts, Paths.run)?.type === 'tmpfs') return;
  const writable = mountAt(mounts, '/')?.options.includes('ro') === false;
  if (!writable || !parseCapabilities(readStatus(host.files, 'self')).has('SYS_ADMIN')) {
    throw new BootError({
      message: `there is no tmpfs at ${Paths.run}`,
      remedy: `Add --tmpfs ${Paths.run}:rw,noexec,nosuid,nodev,size=16m,mode=0755`,
      code: ExitCode.platform,
    });
  }
  const options = 'nosuid,nodev,noexec,size=16m,nr_inodes=4096,mode=0755';
  await host.run({ argv: ['/usr/bin/mount', '-t', 'tmpfs', '-o', options, 'tmpfs', Paths.run] });
}

/** Takes the boot lock and makes sure no other boot of this container lives. */
export async function holdBootLock(host: Host): Promise<() => Promise<void>> {
  const second = (cause?: unknown) =>
    new BootError({
      message: 'this container is being booted or has booted already',
      remedy: 'Enter it with `cloister attach`; init runs once per container.',
      code: ExitCode.platform,
      cause,
    });
  const release = await host.lock(Paths.lock).catch((error) => {
    throw second(error);
  });
  if (findOtherBoot(host) === null) return release;
  await release();
  throw second();
}
