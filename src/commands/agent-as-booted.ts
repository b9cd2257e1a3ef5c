import { withHeadroom } from '../core/agent-limits.ts';
import { agentIdentity, type Identity } from '../core/agent-profile.ts';
import { Paths } from '../core/paths.ts';
import { parseState } from '../core/state.ts';
import type { Host } from '../host/host.ts';

/** @returns the agent's profile as this boot found it: another program of the box knows from the notice board. */
export function agentAsBooted(host: Host): Identity {
  const state = parseState(host.files.readIfAny(Paths.state));
  const { landlock = null, limits = null } = state?.containment ?? {};
  return {
    ...(state?.agent ?? agentIdentity),
    landlock,
    ...(limits === null ? {} : { limits: withHeadroom(limits) }),
  };
}
