import { ExitCode } from '../core/exit-codes.ts';
import type { Host } from '../host/host.ts';
import type { EventBus } from '../state/events.ts';

/** Milliseconds between two looks: as often as an engine's health check. */
const pause = 30_000;
const health = { argv: ['/usr/local/bin/cloister', 'health', '--json'], timeout: 20_000 };

/** The box's health as `cloister health` judges it; null where it could not be asked. */
type Status = 'healthy' | 'degraded' | 'unhealthy' | null;

export interface HealthWatch {
  readonly host: Host;
  readonly events: Pick<EventBus, 'emit'>;
  /** A box that stops is not as it should be, and nobody needs to hear of that. */
  readonly isReady: () => boolean;
}

/** Tells when the health of the box changes, once two looks in a row agree. */
export function watchHealth({ host, events, isReady }: HealthWatch): void {
  let told: Status = 'healthy';
  let before: Status = null;
  let looking = false;
  host.every(pause, () => {
    if (looking || !isReady()) return;
    looking = true;
    void look(host).then((now) => {
      looking = false;
      if (isReady() && now !== null && now === before && now !== told) {
        told = now;
        events.emit('health', now);
      }
      before = now;
    });
  });
}

async function look(host: Host): Promise<Status> {
  try {
    const { stdout } = await host.run(health);
    return (JSON.parse(stdout) as { status?: unknown }).status === 'degraded' ? 'degraded' : 'healthy';
  } catch (error) {
    return (error as { code?: unknown }).code === ExitCode.failed ? 'unhealthy' : null;
  }
}
