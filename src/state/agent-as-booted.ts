import { withHeadroom } from '../confinement/agent-limits.ts';
import { agentIdentity, type Identity } from '../confinement/profile.ts';
import { Paths } from '../core/paths.ts';
import type { Host } from '../host/host.ts';
import { parseState } from './box-state.ts';

/** @returns the agent's profile as this boot found it: another program of the box knows from the state store. */
export function agentAsBooted(host: Pick<Host, 'files'>): Identity {
  const state = parseState(host.files.readIfAny(Paths.state));
  const { landlock = null, limits = null } = state?.containment ?? {};
  return {
    ...(state?.agent ?? agentIdentity),
    landlock,
    ...(limits === null ? {} : { limits: withHeadroom(limits) }),
  };
}
