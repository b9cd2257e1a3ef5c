import { egressIdentity, type Identity } from '../confinement/profile.ts';
import type { Log } from '../core/log.ts';
import { knockAddress, knockPort } from '../core/own-address.ts';
import type { Host } from '../host/host.ts';
import { readCounters } from '../network/firewall/counters.ts';
import type { Firewall } from '../network/firewall/firewall.ts';
import type { BoxEnvironment } from '../state/environment.ts';
import type { EventBus } from '../state/events.ts';
import type { Handover } from '../state/handover.ts';
import type { Recorder } from './audit-recorder.ts';
import { respawnPacketLogger } from './packet-logger.ts';
import type { Respawned } from './respawn.ts';

/** Milliseconds between two looks at what the firewall refused beyond what it tells, and the telling that calls for one. */
const countPause = 5000;
const busyFirewall = 50;

export interface PacketLogger extends Pick<Respawned, 'stop' | 'child'> {
  /** How many lines it has told since the boot. */
  readonly lines: number;
}

interface PacketLoggerParts {
  readonly host: Host;
  readonly log: Log;
  readonly store: { readonly events: Pick<EventBus, 'emit'> };
  readonly handover: Pick<Handover, 'backend'> & { readonly environment: Pick<BoxEnvironment, 'ipv6'> };
  readonly firewall: Firewall;
  readonly recorder: Recorder;
  readonly held: Pick<Identity, 'landlock' | 'limits'>;
}

/** Starts the reader, has everything it tells recorded, and counts what the firewall refused beyond that. */
export function startPacketLogger({
  host,
  log,
  store,
  handover,
  firewall,
  recorder,
  held,
}: PacketLoggerParts): PacketLogger {
  let lines = 0;
  let heard = 0;
  let untold = 0;
  host.every(countPause, () => {
    const busy = heard >= busyFirewall;
    heard = 0;
    if (!busy) return;
    void readCounters(host, { backend: handover.backend, ipv6: handover.environment.ipv6 })
      .catch(() => ({ untold }))
      .then((now) => {
        recorder.refusedMore(Math.max(0, now.untold - untold));
        untold = now.untold;
      });
  });
  const kept = respawnPacketLogger({
    host,
    log,
    held,
    tell: (news) => store.events.emit('child', news),
    refused: ({ user, ...packet }) => {
      lines += 1;
      // Our own question whether it still reads.
      if (packet.address === knockAddress && packet.port === knockPort && user === egressIdentity.uid) return;
      heard += 1;
      // The kernel's own packets, such as multicast listener reports, belong to no user and are nobody's attempt.
      if (user === null) return;
      const name = firewall.nameAt(packet.address);
      const reason = name !== null && packet.protocol === 'tcp' ? 'port-not-allowed' : 'no-rule';
      recorder.refused({ via: 'firewall', reason, name, user, ...packet });
    },
  });
  return {
    stop: kept.stop,
    get child() {
      return kept.child;
    },
    get lines() {
      return lines;
    },
  };
}
