import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { type BoxState, isAlive, parseState } from './box-state.ts';

/** @returns the state another init of this container has posted, if that init still lives; null otherwise. */
export function findOtherBoot(host: Host): BoxState | null {
  const other = parseState(host.files.readIfAny(Paths.state));
  if (other === null || other.pid === host.pid || other.phase === 'failed' || other.startTicks === '')
    return null;
  return isAlive(host.files, other) ? other : null;
}
