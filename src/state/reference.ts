import type { StepName } from './box-state.ts';

/** What a document says of each step of the boot, in order: `scripts/docs.ts` renders it. */
export const stepsReference: readonly {
  readonly step: StepName;
  /** Who does it: init before or after the exec that drops privileges, or a program of the agent user's. */
  readonly by: 'init, all capabilities' | 'init' | 'the agent user';
  readonly what: string;
  /** Exit codes beside 70, which any step may end with. */
  readonly codes: string;
}[] = [
  {
    step: 'settings',
    by: 'init, all capabilities',
    what: "every variable and the allowlist's files are read; all faults are told at once",
    codes: '78',
  },
  {
    step: 'environment',
    by: 'init, all capabilities',
    what: 'platform, capabilities, a network namespace of its own, no other boot; who owns the volumes decides who the agent user is',
    codes: '77, 78',
  },
  {
    step: 'firewall',
    by: 'init, all capabilities',
    what: 'the firewall stands: default-deny for IPv4 and IPv6, one document each',
    codes: '77',
  },
  {
    step: 'mounts',
    by: 'init, all capabilities',
    what: 'the four tmpfs and a read-only root, both looked at again; limits and Landlock as the kernel has them',
    codes: '77, 78',
  },
  {
    step: 'drop-privileges',
    by: 'init, all capabilities',
    what: 'execve through setpriv drops privileges: six capabilities and an empty environment are left',
    codes: '',
  },
  {
    step: 'resolver',
    by: 'init',
    what: 'the egress process runs, with resolver and egress proxy on sockets that init holds',
    codes: '',
  },
  {
    step: 'pins',
    by: 'init',
    what: 'the whole list is resolved in parallel and the answers are pinned; a name without an answer delays nothing',
    codes: '',
  },
  {
    step: 'credential-files',
    by: 'init',
    what: 'the credential files in `/run/cloister/agent` are written',
    codes: '',
  },
  { step: 'agent', by: 'the agent user', what: 'the home is provisioned', codes: '' },
  {
    step: 'self-test',
    by: 'the agent user',
    what: 'the self-test attacks the box; one attack that goes through ends the boot',
    codes: '',
  },
  {
    step: 'repository',
    by: 'the agent user',
    what: 'the clone, its files written once the self-test has passed, and what the last box saved; a failure is told and no more',
    codes: '',
  },
  {
    step: 'session',
    by: 'the agent user',
    what: 'tmux with Claude and a shell (with arguments: the agent, once); then the box is ready',
    codes: '',
  },
];
