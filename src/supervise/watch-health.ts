import { ExitCode } from '../core/exit-codes.ts';
import type { Happening } from '../core/happening.ts';
import type { Host } from '../host/host.ts';

/** Milliseconds between two looks: as often as an engine's health check. */
const pause = 30_000;
const health = { argv: ['/usr/local/bin/cloister', 'health', '--json'], timeout: 20_000 };

/** The box's health as `cloister health` judges it; null where it could not be asked. */
type Status = 'healthy' | 'degraded' | 'unhealthy' | null;

/** Tells when the health of the box changes, once two looks in a row agree. The operator asked for it. */
export function watchHealth(host: Host, tell: (word: Happening) => void): void {
  let told: Status = 'healthy';
  let before: Status = null;
  let looking = false;
  host.every(pause, async () => {
    if (looking) return;
    looking = true;
    const now = await look(host);
    looking = false;
    if (now !== null && now === before && now !== told) {
      told = now;
      tell(now === 'healthy' ? 'recovered' : now);
    }
    before = now;
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
