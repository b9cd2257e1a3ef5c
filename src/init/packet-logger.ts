import { confined, type Identity, packetLoggerIdentity } from '../confinement/profile.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { type PacketRefusal, parsePacketLine } from '../network/firewall/packet-log.ts';
import { type Respawned, type RespawnOptions, respawn } from './respawn.ts';
import { policies } from './respawn-policies.ts';

/**
 * Keeps the reader of what the firewall refuses: ulogd, as a user of its own whose one capability is to be told by the
 * kernel. It parses packet headers that the agent wrote, so init does not.
 */
export function respawnPacketLogger(parts: {
  readonly host: Host;
  readonly log: Log;
  /** What holds it besides its user. */
  readonly held: Pick<Identity, 'landlock' | 'limits'>;
  readonly refused: (refusal: PacketRefusal) => void;
  readonly tell: NonNullable<RespawnOptions['tell']>;
}): Pick<Respawned, 'stop' | 'child'> {
  const { host, log } = parts;
  host.receiveLines(Paths.packetLogSocket, (line) => {
    const refusal = parsePacketLine(line);
    if (refusal !== null) parts.refused(refusal);
  });
  return respawn({
    host,
    log,
    name: 'packet-log',
    policy: policies['packet-log'],
    tell: parts.tell,
    spec: {
      argv: confined(['/usr/sbin/ulogd', '--configfile', Paths.packetLoggerSettings], {
        ...packetLoggerIdentity,
        ...parts.held,
      }),
      env: {},
      output: 'ignore',
    },
    started: () => {},
    ended: () => {},
  });
}
