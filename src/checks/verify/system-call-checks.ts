import type { SyscallName } from '../../core/syscalls.ts';
import { loadAttempt } from '../../host/attempt.ts';
import { type Checks, type CheckVerdict, judge } from './verdict.ts';

/** A system call with arguments that would do something, and the error by which our filter refuses it. */
interface Attempt {
  readonly call: SyscallName;
  readonly args: readonly number[];
  readonly error: string;
}

const newUser = 0x10000000;
const [inet, packet, vsock, netlink] = [2, 17, 40, 16];
const [stream, raw] = [1, 3];
const [multipath, audit] = [262, 9];

const doors: readonly Attempt[] = [
  { call: 'ptrace', args: [0], error: 'EPERM' },
  { call: 'process_vm_readv', args: [1, 0, 0, 0, 0], error: 'EPERM' },
  { call: 'pidfd_getfd', args: [-1, 0, 0], error: 'EPERM' },
  { call: 'keyctl', args: [0, -1, 1], error: 'EPERM' },
  { call: 'bpf', args: [0, 0, 0], error: 'EPERM' },
  { call: 'perf_event_open', args: [0, 0, -1, -1, 0], error: 'EPERM' },
  { call: 'userfaultfd', args: [0], error: 'EPERM' },
  { call: 'io_uring_setup', args: [1, 0], error: 'EPERM' },
  { call: 'personality', args: [0x0040000], error: 'EPERM' },
  { call: 'mount', args: [0, 0, 0, 0, 0], error: 'EPERM' },
];

const sockets: readonly Attempt[] = [
  { call: 'socket', args: [packet, raw, 0], error: 'EAFNOSUPPORT' },
  { call: 'socket', args: [inet, raw, 1], error: 'EPERM' },
  { call: 'socket', args: [vsock, stream, 0], error: 'EAFNOSUPPORT' },
  { call: 'socket', args: [inet, stream, multipath], error: 'EPROTONOSUPPORT' },
  { call: 'socket', args: [netlink, raw, audit], error: 'EPROTONOSUPPORT' },
];

/** What the agent's user can ask of the kernel. */
export const systemCallChecks: Checks = {
  'the agent gets no namespace of its own': () =>
    tryAll([{ call: 'unshare', args: [newUser], error: 'EPERM' }]),
  'the kernel’s back doors are closed': () => tryAll(doors),
  'no socket but unix, TCP, UDP and routing': () => tryAll(sockets),
};

function tryAll(attempts: readonly Attempt[]): CheckVerdict {
  const attempt = loadAttempt();
  // Another error says that the kernel looked at the arguments: the filter let the call through.
  const wrong = attempts.flatMap(({ call, args, error }) => {
    const answer = attempt(call, args);
    return answer === null || answer === error ? [] : [`${call}(${args.join()}): ${answer}`];
  });
  return judge(wrong.length === 0, wrong.join(', '));
}
