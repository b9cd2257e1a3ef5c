import { attackedPromises } from '../../src/checks/attacked-promises.ts';
import type { FakeChild } from '../../src/host/fake-child.ts';
import { FakeMachine } from '../../src/host/fake-host.ts';
import type { Command, Output } from '../../src/host/host.ts';

export const goodEnvironment: Readonly<Record<string, string>> = {
  GH_PAT: 'github_pat_0123456789abcdef',
  CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-0123456789abcdef',
  REPO_URL: 'https://github.com/cloister-demo/hello',
  LOG_FORMAT: 'json',
};

export const domains = 'api.anthropic.com\ngithub.com\n*.example.org\n';

const capabilityBits = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  FOWNER: 3,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  SYS_ADMIN: 21,
};
export type CapabilityName = keyof typeof capabilityBits;
export const referenceCapabilities = (Object.keys(capabilityBits) as CapabilityName[]).filter(
  (name) => name !== 'SYS_ADMIN',
);

export function statusWith(capabilities: readonly CapabilityName[]): string {
  const mask = capabilities.reduce((sum, name) => sum | (1n << BigInt(capabilityBits[name])), 0n);
  return `Name:\tnode\nUid:\t0\t0\t0\t0\nCapEff:\t${mask.toString(16).padStart(16, '0')}\n`;
}

/** One line of mountinfo. */
export function mountLine(point: string, own: string, type: string, superOptions: string): string {
  return `100 99 0:50 / ${point} ${own} - ${type} ${type} ${superOptions}\n`;
}

export const roomSizes = { '/workspace': 524288, '/tmp': 524288, '/home/claude': 1048576 };

export interface MachineOptions {
  /** Rooms the operator gave a tmpfs; default all of them. */
  readonly rooms?: readonly string[];
  readonly runFolder?: boolean;
  readonly rootReadOnly?: boolean;
  readonly capabilities?: readonly CapabilityName[];
}

/** A machine as `docker run` with the reference flags makes it, on which every program does what it should. */
export function makeMachine(options: MachineOptions = {}): FakeMachine {
  const machine = new FakeMachine();
  machine.clock.free = true;
  provisionHome(machine, options);
  answerCommands(machine);
  machine.onStart = behave;
  return machine;
}

function provisionHome(machine: FakeMachine, options: MachineOptions): void {
  const { files } = machine;
  const rooms = options.rooms ?? Object.keys(roomSizes);
  const runLine =
    options.runFolder === false
      ? ''
      : mountLine('/run/cloister', 'rw,noexec,nosuid,nodev', 'tmpfs', 'rw,size=16384k');
  files.put('/.dockerenv', '');
  files.put('/proc/self/status', statusWith(options.capabilities ?? referenceCapabilities));
  files.put('/proc/1/stat', statOf(1, '4242'));
  files.put('/proc/sys/net/ipv4/ip_unprivileged_port_start', '1024\n');
  files.put('/proc/net/route', 'Iface\tDestination\tGateway\n');
  files.put('/proc/net/if_inet6', '');
  files.put('/etc/resolv.conf', 'nameserver 192.0.2.53\n');
  files.put('/etc/cloister/domains.conf', domains);
  files.put('/etc/ssl/certs/ca-certificates.crt', 'SYSTEM\n');
  files.put(
    '/proc/self/mountinfo',
    mountLine('/', options.rootReadOnly === false ? 'rw' : 'ro', 'overlay', 'rw,lowerdir=/x') +
      runLine +
      rooms.map((point) => roomLine(point)).join(''),
  );
  for (const point of Object.keys(roomSizes)) files.putFolder(point, { uid: point === '/tmp' ? 0 : 1000 });
  if (options.runFolder !== false) files.putFolder('/run/cloister');
}

/** Mounts a volume as the operator would, in place of the tmpfs there. */
export function addVolume(
  machine: FakeMachine,
  point: string,
  facts: { uid: number; gid?: number; own?: string; holds?: readonly string[] },
): void {
  const { uid, gid = uid, own = 'rw,relatime', holds = [] } = facts;
  const mounts = machine.files.read('/proc/self/mountinfo');
  machine.files.put('/proc/self/mountinfo', mounts + mountLine(point, own, 'ext4', 'rw'));
  machine.files.putFolder(point, { uid, gid });
  for (const name of holds) machine.files.put(`${point}/${name}`, 'x', { uid, gid });
}

export function statOf(pid: number, ticks: string): string {
  return `${pid} (node) S ${Array.from({ length: 18 }, () => '0').join(' ')} ${ticks} 0 0\n`;
}

function roomLine(point: string): string {
  const size = roomSizes[point as keyof typeof roomSizes];
  return mountLine(point, 'rw,nosuid,nodev,relatime', 'tmpfs', `rw,size=${size}k,nr_inodes=262144`);
}

function answerCommands(machine: FakeMachine): void {
  machine.prepare(/^\/usr\/sbin\/ip6?tables-nft -w -n -L OUTPUT$/);
  machine.prepare(/^\/usr\/sbin\/ip6?tables-nft-save/, { stdout: '*filter\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n' });
  machine.prepare(/^\/usr\/sbin\/ip6?tables-nft-restore --noflush -w$/);
  machine.prepare(/^\/usr\/sbin\/ip6?tables-nft -w -t \w+ -S$/, standingFirewall);
  machine.prepare(/^\/usr\/sbin\/nft -f -$/);
  machine.prepare(/^\/usr\/sbin\/ip6?tables-nft -w -nvxL CLOISTER-REFUSE$/);
  machine.prepare(/^\/usr\/bin\/setpriv --no-new-privs --landlock-access=.* \/usr\/bin\/true$/);
  machine.prepare(/ --nproc=\d+ -- .* \/usr\/bin\/true$/);
  machine.prepare(/^\/usr\/bin\/mount /, (command) => mounted(machine, command));
  machine.prepare(/^\/usr\/bin\/umount /);
  machine.prepare(/cloister\.mjs provision-home$/);
  machine.prepare(/cloister\.mjs verify --inside$/, {
    stdout: JSON.stringify(attackedPromises.map((promise) => ({ promise, verdict: 'holds', detail: '' }))),
  });
  machine.prepare(/\/usr\/bin\/test -e \S+ -o -L \S+$/, ({ argv }) => {
    if (machine.files.facts(argv.at(-1) ?? '') === null) throw new Error('test ended with 1');
    return {};
  });
  machine.prepare(/repository-facts /, { stdout: '{"fork":false}' });
  machine.prepare(/\/usr\/bin\/rm -rf -- \S+\/\.repo\.cloning$/);
  machine.prepare(/\/usr\/bin\/git clone /);
  machine.prepare(/ ls-remote --symref /);
  machine.prepare(/\/usr\/bin\/git -C \S+\/\.repo\.cloning checkout --progress$/);
  machine.prepare(/\/usr\/bin\/git -C \S+\/\.repo\.cloning ls-files -z -- \.gitmodules /);
  machine.prepare(/\/usr\/bin\/mv -T -- \S+\/\.repo\.cloning \S+\/repo$/);
  machine.prepare(/cloister\.mjs rescue$/, rescued);
  machine.prepare(/\/usr\/bin\/kill -KILL -- -1$/);
  machine.prepare(/\/usr\/bin\/tmux .*(new-session|split-window)/);
}

/** Nothing was saved, and there is nothing to save. */
function rescued({ stdin = '' }: Command): Partial<Output> {
  const { kind } = JSON.parse(stdin) as { kind: string };
  const nothing = { kind: 'nothing', fingerprint: '', reason: 'the remote has all of it already' };
  return { stdout: JSON.stringify(kind === 'save' ? nothing : { kind: 'none' }) };
}

/** What iptables -S tells of a chain, as the firewall's documents leave it. */
export function standingFirewall({ argv }: Command, uid = 1000): Partial<Output> {
  const table = argv[argv.indexOf('-t') + 1] ?? '';
  const lines: Readonly<Record<string, readonly string[]>> = {
    filter: [
      ...['-P INPUT DROP', '-P OUTPUT DROP', '-N CLOISTER-OUTPUT', '-N CLOISTER-CLOSED'],
      ...['-A INPUT -j CLOISTER-INPUT', '-A OUTPUT -j CLOISTER-OUTPUT'],
      `-A CLOISTER-OUTPUT -m owner --uid-owner ${uid} -j CLOISTER-AGENT`,
      '-A CLOISTER-CLOSED -d 169.254.0.0/16 -j CLOISTER-REFUSE',
    ],
    nat: ['-P OUTPUT ACCEPT', '-A OUTPUT -j CLOISTER-DNS'],
    mangle: [
      ...['-P POSTROUTING ACCEPT', '-N CLOISTER-LEAK', '-A POSTROUTING -j CLOISTER-LEAK'],
      '-A CLOISTER-LEAK -d 127.0.0.0/8 ! -o lo -j DROP',
    ],
  };
  return { stdout: (lines[table] ?? []).map((line) => `${line}\n`).join('') };
}

/** What mount(8) leaves behind, as far as the boot looks. */
function mounted(machine: FakeMachine, { argv }: Command): Partial<Output> {
  const before = machine.files.read('/proc/self/mountinfo');
  const point = argv.at(-1) ?? '';
  if (argv.includes('tmpfs') || argv.includes('--rbind')) {
    machine.files.putFolder(point);
    const options = argv[argv.indexOf('-o') + 1] ?? '';
    const line = mountLine(point, 'rw,nosuid,nodev', 'tmpfs', `rw,${options}`);
    machine.files.put('/proc/self/mountinfo', before + line);
  } else if (argv.includes('remount,bind,ro')) {
    machine.files.put('/proc/self/mountinfo', before.replace(' / rw ', ' / ro '));
  }
  return {};
}

/** The egress process as init knows it: ready once configured, every name answers with one address. */
export function behave(child: FakeChild): void {
  if (!child.spec.argv.includes('egress')) return;
  let next = 0;
  const asked = new Map<number, { id: number; name: string }>();
  child.onSent = (message) => {
    const { kind, ...rest } = message as { kind: string; names?: string[]; id?: number };
    if (kind === 'configure') queueMicrotask(() => child.say({ kind: 'ready' }));
    if (kind === 'ask') child.say({ kind: 'answer', id: rest.id });
    if (kind === 'pinned') child.say({ kind: 'resolved', ...asked.get(rest.id ?? 0), trouble: null });
    for (const name of kind === 'resolve' ? (rest.names ?? []) : []) {
      next += 1;
      asked.set(next, { id: rest.id ?? 0, name });
      child.say({ kind: 'pin', id: next, name, port: null, addresses: [`203.0.113.${next}`], ttl: 60 });
    }
  };
}
