import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { parseState } from './box-state.ts';

/** @returns where the agent works in this boot: on a volume at `/data` it is elsewhere than usual. */
export function workspaceAsBooted(host: Pick<Host, 'files'>): string {
  return parseState(host.files.readIfAny(Paths.state))?.workspace ?? Paths.workspace;
}
