import type { ChildNews } from '../state/box-state.ts';

/** What a document says of each child beside its policy in `respawn-policies.ts`: `scripts/docs.ts` renders both. */
export const childrenReference: readonly {
  readonly child: ChildNews['child'];
  readonly what: string;
  /** What is true of the box while it is down. */
  readonly meanwhile: string;
}[] = [
  {
    child: 'egress',
    what: 'resolver and egress proxy',
    meanwhile: 'closed: init holds its sockets, and the firewall knows no other way out',
  },
  {
    child: 'packet-log',
    what: 'ulogd, the packet logger',
    meanwhile: 'closed as ever; what the firewall refuses is not told',
  },
  {
    child: 'session',
    what: 'the tmux server',
    meanwhile: 'no session; it is made again with its panes. A pane that is gone is made again within 5 s',
  },
  { child: 'agent', what: 'Claude, in its pane', meanwhile: 'degraded; the shell below it works' },
];
