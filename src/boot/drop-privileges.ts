import { initEnvironment, nodeFlags } from '../confinement/node-environment.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import type { Handover } from '../state/handover.ts';

/** Supervision needs these: the firewall's refresh, children under other users, the resolver's port, signals. */
const kept = ['net_admin', 'net_bind_service', 'setuid', 'setgid', 'setpcap', 'kill'];

/**
 * Replaces init by itself with few capabilities and a clean environment. Only an exec reaches every thread and
 * empties /proc/1/environ. The settings go through a file in memory that its reader removes.
 */
export function dropPrivileges(host: Host, handover: Handover): never {
  host.files.write(Paths.handover, JSON.stringify(handover), 0o600);
  const argv = [
    '/usr/bin/setpriv',
    `--groups=${handover.environment.agent.gid}`,
    '--inh-caps=-all',
    '--ambient-caps=-all',
    `--bounding-set=-all,${kept.map((name) => `+${name}`).join(',')}`,
    '--no-new-privs',
    '--',
    Paths.node,
    ...nodeFlags,
    Paths.program,
    'init-resumed',
  ];
  return host.replace(argv, initEnvironment(host.env.TERM));
}
