import { Paths } from '../../core/paths.ts';
import type { ShortHost } from '../../host/host.ts';
import { parseName } from '../session-name.ts';

/** @returns where the name of a session is kept for this boot, in the agent's own folder. */
export function notePath(session: string): string {
  return `${Paths.session}/name-${session}`;
}

/** @returns the name a session was given, or null: also where the agent wrote something else there. */
export function nameOf(host: ShortHost, session: unknown): string | null {
  if (typeof session !== 'string' || !/^[A-Za-z0-9-]{1,64}$/.test(session)) return null;
  return parseName(host.files.readIfAny(notePath(session)) ?? '');
}
