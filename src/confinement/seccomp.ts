import { type Machine, type SyscallName, syscallNumber } from '../core/syscalls.ts';

/** One instruction of classic BPF: see linux/filter.h. */
interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly value: number;
}

const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
const jumpEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const jumpAtLeast = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const jumpAnySet = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const and = 0x54; // BPF_ALU | BPF_AND | BPF_K
const giveBack = 0x06; // BPF_RET | BPF_K

const allow = 0x7fff0000;
const kill = 0x80000000;
const errno = { EPERM: 1, ENOSYS: 38, EPROTONOSUPPORT: 93, EAFNOSUPPORT: 97 } as const;
const fail = (name: keyof typeof errno) => (0x00050000 | errno[name]) >>> 0;

/** Offsets in struct seccomp_data; of an argument only the low word, which comes first on both machines. */
const numberOffset = 0;
const machineOffset = 4;
const argument = (index: number) => 16 + 8 * index;

const auditMachine: Record<Machine, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** From here on x86-64 numbers mean the x32 table. */
const firstForeignNumber = 0x40000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaces = 0x7e020000;

/** Refused whatever the arguments: doors to the kernel, to other processes or to the machine's state. */
const refused: readonly SyscallName[] = [
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'pidfd_getfd', 'kcmp'] as const),
  ...(['unshare', 'setns', 'chroot', 'pivot_root', 'mount', 'umount2', 'move_mount', 'open_tree'] as const),
  ...(['open_tree_attr', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'] as const),
  ...([
    'bpf',
    'perf_event_open',
    'userfaultfd',
    'io_uring_setup',
    'io_uring_enter',
    'io_uring_register',
  ] as const),
  ...([
    'add_key',
    'request_key',
    'keyctl',
    'name_to_handle_at',
    'open_by_handle_at',
    'fanotify_init',
  ] as const),
  ...(['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot'] as const),
  ...([
    'swapon',
    'swapoff',
    'acct',
    'quotactl',
    'quotactl_fd',
    'syslog',
    'vhangup',
    'lookup_dcookie',
  ] as const),
  ...([
    'settimeofday',
    'clock_settime',
    'clock_adjtime',
    'adjtimex',
    'sethostname',
    'setdomainname',
  ] as const),
  ...(['iopl', 'ioperm', 'modify_ldt', 'move_pages', 'migrate_pages', 'nfsservctl', 'uselib'] as const),
];

/** Protocols of netlink: of routes, which tell a process its own addresses, and of the firewall. */
const netlink = { route: 0, netfilter: 12 } as const;

/**
 * Renders a seccomp filter: an array of struct sock_filter as `setpriv --seccomp-filter` loads it.
 *
 * It stands on top of the engine's own filter, which a container with SYS_ADMIN, and Fly, do not have.
 * @param reader whose filter: the agent's and the egress process's, or that of the reader of the firewall's log.
 */
export function renderSeccomp(machine: Machine, reader: 'everyone' | 'packet-log' = 'everyone'): Buffer {
  const number = (name: SyscallName) => syscallNumber(machine, name);
  const program = [
    ...assertTable(machine),
    ...refused.flatMap((name) => onCall(number(name), [give(fail('EPERM'))])),
    // Its flags lie in memory, where no filter can look: libraries fall back to clone.
    ...onCall(number('clone3'), [give(fail('ENOSYS'))]),
    ...onCall(number('clone'), [
      at(argument(0)),
      ...unless(jumpAnySet, newNamespaces, fail('EPERM')),
      give(allow),
    ]),
    ...onCall(number('personality'), onlyValues(argument(0), [0, 0xffffffff], 'EPERM')),
    ...onCall(number('ioctl'), [
      at(argument(1)),
      // TIOCSTI and TIOCLINUX put keystrokes into a terminal.
      ...unless(jumpEqual, 0x5412, fail('EPERM')),
      ...unless(jumpEqual, 0x541c, fail('EPERM')),
      give(allow),
    ]),
    ...onCall(number('socketpair'), onlyValues(argument(0), [1], 'EAFNOSUPPORT')),
    ...onCall(
      number('socket'),
      socketRules(reader === 'everyone' ? [netlink.route] : [netlink.route, netlink.netfilter]),
    ),
    give(allow),
  ];
  return encode(program);
}

/** Another table of system calls, such as int 0x80's or x32's, would have other numbers: it ends the process. */
function assertTable(machine: Machine): Instruction[] {
  const foreign = machine === 'x64' ? unless(jumpAtLeast, firstForeignNumber, kill) : [];
  return [
    at(machineOffset),
    jump(jumpEqual, auditMachine[machine], 1, 0),
    give(kill),
    at(numberOffset),
    ...foreign,
  ];
}

/** Unix, netlink of these protocols, TCP and UDP. No raw and packet sockets, no vsock, no MPTCP, UDP-Lite or SCTP. */
function socketRules(netlinkProtocols: readonly number[]): Instruction[] {
  const inet = [
    at(argument(1)),
    { code: and, jumpTrue: 0, jumpFalse: 0, value: 0xf },
    ...when(1, onlyValues(argument(2), [0, 6], 'EPROTONOSUPPORT')),
    ...when(2, onlyValues(argument(2), [0, 17], 'EPROTONOSUPPORT')),
    give(fail('EPERM')),
  ];
  return [
    at(argument(0)),
    ...when(1, [give(allow)]),
    ...when(16, onlyValues(argument(2), netlinkProtocols, 'EPROTONOSUPPORT')),
    ...when(2, inet),
    ...when(10, inet),
    give(fail('EAFNOSUPPORT')),
  ];
}

function at(offset: number): Instruction {
  return { code: load, jumpTrue: 0, jumpFalse: 0, value: offset };
}

function give(value: number): Instruction {
  return { code: giveBack, jumpTrue: 0, jumpFalse: 0, value };
}

function jump(code: number, value: number, jumpTrue: number, jumpFalse: number): Instruction {
  if (jumpTrue > 255 || jumpFalse > 255) throw new RangeError('a jump of BPF reaches 255 instructions');
  return { code, jumpTrue, jumpFalse, value };
}

/** What stands behind it is run for this value; it must end by giving something back. */
function when(value: number, body: readonly Instruction[]): Instruction[] {
  return [jump(jumpEqual, value, 0, body.length), ...body];
}

function unless(test: number, value: number, verdict: number): Instruction[] {
  return [jump(test, value, 0, 1), give(verdict)];
}

function onlyValues(offset: number, values: readonly number[], otherwise: keyof typeof errno): Instruction[] {
  return [at(offset), ...values.flatMap((value) => when(value, [give(allow)])), give(fail(otherwise))];
}

/** @param number of a call, or null where this machine has none of that name. */
function onCall(number: number | null, body: readonly Instruction[]): Instruction[] {
  return number === null ? [] : when(number, body);
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, jumpTrue, jumpFalse, value }, index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  });
  return bytes;
}
