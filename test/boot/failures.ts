import type { FakeMachine } from '../../src/host/fake-host.ts';
import { behave, type MachineOptions, referenceCapabilities } from './machine.ts';

/** One way a step fails, and all that follows. */
export interface Failure {
  readonly step: string;
  readonly how: string;
  readonly code: number;
  readonly machine?: MachineOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly breakIt?: (machine: FakeMachine) => void;
  readonly message: RegExp;
  readonly remedy?: RegExp | string;
  /** Exactly what is undone, in order. */
  readonly undone: readonly string[];
}

export const fly: MachineOptions = {
  rooms: [],
  runFolder: false,
  rootReadOnly: false,
  capabilities: [...referenceCapabilities, 'SYS_ADMIN'],
};
const failing = (pattern: RegExp, text: string) => (machine: FakeMachine) =>
  machine.prepare(pattern, new Error(text));
const stopEgress = 'end cloister.mjs egress';
const stopPacketLogger = 'end ulogd.conf';
const agentFolder = 'remove /run/cloister/agent';
/** What was fetched beside the self-test. */
const draft = 'remove the draft';

/** Every step of the contract fails at least once. */
export const failures: Failure[] = [
  {
    step: 'settings',
    how: 'a variable is wrong',
    code: 78,
    env: { LOG_LEVEL: 'loud', REPO_REF: '-x' },
    message: /2 settings are wrong/,
    remedy: /REPO_REF is no branch.*\nLOG_LEVEL is not one of .*docker run: -e LOG_LEVEL=info; Fly: /s,
    undone: [],
  },
  {
    step: 'settings',
    how: 'the allowlist holds what is no rule',
    code: 78,
    breakIt: (machine) => machine.files.put('/etc/cloister/domains.conf', 'github.com\n*\n'),
    message: /a setting is wrong/,
    remedy: /\/etc\/cloister\/domains\.conf:2 .* is no rule/,
    undone: [],
  },
  {
    step: 'settings',
    how: 'the allowlist is missing',
    code: 78,
    breakIt: (machine) => machine.files.put('/etc/cloister/domains.conf', null),
    message: /a setting is wrong/,
    remedy: /\/etc\/cloister\/domains\.conf can't be read/,
    undone: [],
  },
  {
    step: 'environment',
    how: "the container is in the host's own network namespace",
    code: 77,
    breakIt: (machine) => machine.files.put('/proc/sys/net/core/netdev_max_backlog', '1000\n'),
    message: /host's own network namespace/,
    remedy: 'Run it without --network host.',
    undone: [],
  },
  {
    step: 'environment',
    how: 'there is no tmpfs for the state of the box',
    code: 77,
    machine: { runFolder: false },
    message: /no tmpfs at \/run\/cloister/,
    remedy: 'Add --tmpfs /run/cloister:rw,noexec,nosuid,nodev,size=16m,mode=0755',
    undone: [],
  },
  {
    step: 'firewall',
    how: 'iptables works in neither form',
    code: 77,
    breakIt: failing(/iptables-(nft|legacy) -w -n -L/, 'Operation not permitted'),
    message: /neither over nftables nor in its old form: Operation not permitted/,
    remedy: /--cap-add NET_ADMIN/,
    undone: [],
  },
  {
    step: 'firewall',
    how: 'the IPv6 half is refused by the kernel',
    code: 70,
    breakIt: failing(/ip6tables-nft-restore/, 'line 7 failed'),
    message: /step firewall failed: line 7 failed/,
    undone: [],
  },
  {
    step: 'mounts',
    how: 'the third room cannot be mounted',
    code: 77,
    machine: fly,
    breakIt: failing(/mount -t tmpfs .* \/home\/claude$/, 'permission denied'),
    message: /mounting failed although SYS_ADMIN is there: permission denied/,
    remedy: /apparmor=unconfined/,
    undone: ['run /usr/bin/umount /tmp', 'run /usr/bin/umount /workspace'],
  },
  {
    step: 'mounts',
    how: 'the root stays writable although the remount said yes',
    code: 70,
    machine: fly,
    breakIt: (machine) => machine.prepare(/remount,bind,ro/),
    message: /the mounts did not take: \//,
    undone: [
      'run /usr/bin/umount /home/claude',
      'run /usr/bin/umount /tmp',
      'run /usr/bin/umount /workspace',
    ],
  },
  {
    step: 'drop-privileges',
    how: 'the kernel does not let init replace itself',
    code: 70,
    machine: fly,
    breakIt: (machine) => {
      machine.refused.replace = new Error('EPERM');
    },
    message: /step drop-privileges failed/,
    undone: [
      'remove /run/cloister/private/handover.json',
      'run /usr/bin/umount /run/cloister/scratch',
      'run /usr/bin/umount /run/cloister/session',
      'run /usr/bin/umount /home/claude',
      'run /usr/bin/umount /tmp',
      'run /usr/bin/umount /workspace',
    ],
  },
  {
    step: 'resolver',
    how: 'its port is taken',
    code: 70,
    breakIt: (machine) => {
      machine.sockets.refusal = new Error('EADDRINUSE');
    },
    message: /step resolver failed: .*EADDRINUSE/,
    // The accounts are written beside it.
    undone: [agentFolder],
  },
  {
    step: 'pins',
    how: 'the egress process cannot be asked',
    code: 70,
    breakIt: (machine) => {
      machine.onStart = (child) => {
        behave(child);
        const answer = child.onSent;
        child.onSent = (message) => {
          if ((message as { kind: string }).kind === 'resolve') throw new Error('EPIPE');
          answer(message);
        };
      };
    },
    message: /step pins failed: EPIPE/,
    undone: [draft, agentFolder, stopEgress, stopPacketLogger],
  },
  {
    step: 'credential-files',
    how: 'a file cannot be written',
    code: 70,
    breakIt: (machine) => {
      machine.watch((event) => {
        if (event.startsWith('write /run/cloister/agent/npmrc')) throw new Error('ENOSPC');
      });
    },
    message: /step credential-files failed: ENOSPC/,
    undone: [agentFolder, stopEgress, stopPacketLogger],
  },
  {
    step: 'agent',
    how: "the agent's home cannot be provisioned",
    code: 70,
    breakIt: failing(/provision-home$/, 'provision-home exited with 1'),
    message: /step agent failed: provision-home exited with 1/,
    undone: [agentFolder, stopEgress, stopPacketLogger],
  },
  {
    step: 'agent',
    how: 'a volume is too full for what Claude Code needs',
    code: 70,
    breakIt: (machine) =>
      machine.prepare(/provision-home$/, { stdout: 'spared /home/claude\nneeded /home/claude/.claude\n' }),
    message: /^\/home\/claude\/\.claude is full: there is no room/,
    remedy: /^Nothing on it was changed\. Free some space/,
    undone: [agentFolder, stopEgress, stopPacketLogger],
  },
  {
    step: 'self-test',
    how: 'an attack from inside succeeded',
    code: 70,
    breakIt: (machine) =>
      machine.prepare(/verify --inside$/, {
        stdout: JSON.stringify([
          { promise: 'the root filesystem is read-only', verdict: 'broken', detail: 'the attempt succeeded' },
        ]),
      }),
    message: /does not hold what it promises: the root filesystem is read-only \(the attempt succeeded\)/,
    remedy: /flags of the README/,
    undone: [draft, agentFolder, stopEgress, stopPacketLogger],
  },
  {
    step: 'self-test',
    how: 'the self-test attacks nothing',
    code: 70,
    breakIt: (machine) => machine.prepare(/verify --inside$/, { stdout: '[]' }),
    message: /could not prove .*the agent is no root \(no finding came of it\)/,
    remedy: /flags of the README/,
    undone: [draft, agentFolder, stopEgress, stopPacketLogger],
  },
  {
    step: 'self-test',
    how: 'the self-test answers with noise',
    code: 70,
    breakIt: (machine) => machine.prepare(/verify --inside$/, { stdout: 'Segmentation fault' }),
    message: /printed what is no whole list of findings, so it proves nothing/,
    remedy: /^Run it again/,
    undone: [draft, agentFolder, stopEgress, stopPacketLogger],
  },
  {
    step: 'session',
    how: 'tmux makes no session',
    code: 70,
    breakIt: failing(/tmux .* new-session/, 'no server running'),
    message: /step session failed: no server running/,
    undone: ['end tmux.conf -D', agentFolder, stopEgress, stopPacketLogger],
  },
];
