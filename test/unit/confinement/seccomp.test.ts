import { describe, expect, test } from 'vitest';
import { renderSeccomp } from '../../../src/confinement/seccomp.ts';
import { type SyscallName, syscallNumber } from '../../../src/core/syscalls.ts';

const x64 = 0xc000003e;
const arm64 = 0xc00000b7;
const i386 = 0x40000003;

/** Runs a filter as the kernel would on one call. @returns `allow`, `kill` or the number of an errno. */
function judge(
  program: Buffer,
  call: { machine: number; number: number; args?: readonly number[] },
): string | number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.machine, 4);
  (call.args ?? []).forEach((value, index) => void data.writeUInt32LE(value >>> 0, 16 + 8 * index));
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = program.readUInt16LE(at);
    const [yes, no] = [program.readUInt8(at + 2), program.readUInt8(at + 3)];
    const value = program.readUInt32LE(at + 4);
    const skip = (taken: boolean) => {
      at += 8 * (taken ? yes : no);
    };
    if (code === 0x20) accumulator = data.readUInt32LE(value);
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0;
    else if (code === 0x15) skip(accumulator === value);
    else if (code === 0x35) skip(accumulator >= value);
    else if (code === 0x45) skip((accumulator & value) !== 0);
    else if (code === 0x06)
      return value === 0x7fff0000 ? 'allow' : value === 0x80000000 ? 'kill' : value & 0xffff;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('the filter ends without a verdict');
}

const onX64 = (name: SyscallName, ...args: number[]) =>
  judge(renderSeccomp('x64'), { machine: x64, number: syscallNumber('x64', name) ?? -1, args });

describe('the agent’s seccomp filter', () => {
  test.each([
    ['a call of the 32-bit table (int 0x80)', { machine: i386, number: 11 }],
    ['a call of the x32 table', { machine: x64, number: 0x40000000 + 101 }],
  ])('ends the process at %s', (_, call) => {
    expect(judge(renderSeccomp('x64'), call)).toBe('kill');
  });

  test('lets ordinary calls through on both machines', () => {
    for (const number of [0, 1, 9, 59, 231, 257])
      expect(judge(renderSeccomp('x64'), { machine: x64, number })).toBe('allow');
    for (const number of [56, 63, 64, 93, 221])
      expect(judge(renderSeccomp('arm64'), { machine: arm64, number })).toBe('allow');
  });

  test.each([
    'ptrace',
    'process_vm_writev',
    'pidfd_getfd',
    'unshare',
    'setns',
    'mount',
    'bpf',
    'io_uring_setup',
    'keyctl',
  ] as const)('refuses %s on both machines', (name) => {
    expect(onX64(name)).toBe(1);
    const number = syscallNumber('arm64', name) ?? -1;
    expect(judge(renderSeccomp('arm64'), { machine: arm64, number })).toBe(1);
  });

  test('lets a process fork but make no namespace', () => {
    expect(onX64('clone', 0x00000011)).toBe('allow');
    expect(onX64('clone', 0x003d0f00)).toBe('allow');
    expect(onX64('clone', 0x10000011)).toBe(1);
    expect(onX64('clone', 0x40000011)).toBe(1);
    expect(onX64('clone3')).toBe(38);
  });

  test.each([
    ['TCP', [2, 0x80801, 6], 'allow'],
    ['TCP over IPv6', [10, 1, 0], 'allow'],
    ['UDP', [2, 0x80802, 0], 'allow'],
    ['a unix socket', [1, 0x80801, 0], 'allow'],
    ['routing netlink', [16, 0x80003, 0], 'allow'],
    ['a raw socket', [2, 3, 255], 1],
    ['a ping socket', [2, 2, 1], 93],
    ['MPTCP', [2, 1, 262], 93],
    ['UDP-Lite', [2, 2, 136], 93],
    ['SCTP', [2, 1, 132], 93],
    ['SCTP by sequenced packets', [2, 5, 132], 1],
    ['audit netlink', [16, 3, 9], 93],
    ['a packet socket', [17, 3, 768], 97],
    ['vsock', [40, 1, 0], 97],
    ['the kernel’s crypto', [38, 5, 0], 97],
  ])('judges a socket for %s', (_, args, verdict) => {
    expect(onX64('socket', ...args)).toBe(verdict);
  });

  test('lets the reader of the firewall’s log hear the firewall, and nothing else of netlink', () => {
    const asReader = (protocol: number) =>
      judge(renderSeccomp('x64', 'packet-log'), { machine: x64, number: 41, args: [16, 3, protocol] });
    expect(asReader(12)).toBe('allow');
    expect(asReader(0)).toBe('allow');
    expect(asReader(9)).toBe(93);
    expect(onX64('socket', 16, 3, 12)).toBe(93);
  });

  test('refuses to push keystrokes into a terminal, and no other ioctl', () => {
    expect(onX64('ioctl', 0, 0x5412)).toBe(1);
    expect(onX64('ioctl', 0, 0x541c)).toBe(1);
    expect(onX64('ioctl', 0, 0x5413)).toBe('allow');
  });

  test('lets a process ask for its personality but take no other', () => {
    expect(onX64('personality', 0xffffffff)).toBe('allow');
    expect(onX64('personality', 0x0400000)).toBe(1);
  });
});
