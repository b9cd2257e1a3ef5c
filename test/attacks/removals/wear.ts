/** What bounds what the agent can use up, where our own program holds it. */

import { filePace as files, logPace as log } from '../../../src/init/audit-pace.ts';
import { connectionLimits as usual } from '../../../src/network/proxy/proxy-limits.ts';

const many = 1e9;

export async function watchMemory(): Promise<void> {}

export const mostTerminals = many;

export const connectionLimits = { ...usual, connections: many, unproven: many, hello: 1e6 };

export const mostTallied = many;

export const mostReported = many;

export const logPace = { ...log, rate: many };

export const filePace = { ...files, rate: many };
