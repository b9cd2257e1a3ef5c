import { confined, type Identity, wallLogIdentity } from '../confinement/profile.ts';
import type { Log } from '../core/log.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { parseWallLine, type WallRefusal } from '../network/firewall/packet-log.ts';
import { type KeepOptions, type Kept, keep } from './respawn.ts';
import { policies } from './respawn-policies.ts';

/**
 * Keeps the reader of what the wall refuses: ulogd, as a user of its own whose one capability is to be told by the
 * kernel. It parses packet headers that the agent wrote, so init does not.
 */
export function keepWallLog(parts: {
  readonly host: Host;
  readonly log: Log;
  /** What holds it besides its user. */
  readonly held: Pick<Identity, 'landlock' | 'limits'>;
  readonly refused: (refusal: WallRefusal) => void;
  readonly tell: NonNullable<KeepOptions['tell']>;
}): Pick<Kept, 'stop' | 'child'> {
  const { host, log } = parts;
  host.receiveLines(Paths.wallLogSocket, (line) => {
    const refusal = parseWallLine(line);
    if (refusal !== null) parts.refused(refusal);
  });
  return keep({
    host,
    log,
    name: 'wall-log',
    policy: policies['wall-log'],
    tell: parts.tell,
    spec: {
      argv: confined(['/usr/sbin/ulogd', '--configfile', Paths.wallLogSettings], {
        ...wallLogIdentity,
        ...parts.held,
      }),
      env: {},
      output: 'ignore',
    },
    started: () => {},
    ended: () => {},
  });
}
