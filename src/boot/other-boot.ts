import { Paths } from '../core/paths.ts';
import { type BoxState, parseState } from '../core/state.ts';
import type { Host } from '../host/host.ts';
import { isAlive } from '../host/proc/pid.ts';

/** @returns the state another init of this container has posted, if that init still lives; null otherwise. */
export function findOtherBoot(host: Host): BoxState | null {
  const other = parseState(host.files.readIfAny(Paths.state));
  if (other === null || other.pid === host.pid || other.phase === 'failed' || other.startTicks === '')
    return null;
  return isAlive(host.files, other) ? other : null;
}
