/** Init waits for its programs' pipes, and starts the server again as often. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { policies as original } from '../../../src/init/respawn-policies.ts';

export async function drained(child: ChildProcess): Promise<void> {
  await once(child, 'close');
}

export function letGo(): void {}

export const policies = { ...original, session: { ...original.session, longest: 200 } };
