/** What keeps the hosts that the box itself sends to, and its credentials, from the agent; and what ends an allowance. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PinRequest } from '../../../src/network/firewall/firewall.ts';
import { rations as usual } from '../../../src/network/outbound/notifier.ts';
import { agentWords as words } from '../../../src/policy/notification.ts';

export function denialsOf(): [] {
  return [];
}

export function findReservedRules(): [] {
  return [];
}

export function withoutExpired<List>(list: List): List {
  return list;
}

export function nameToTell({ name }: PinRequest): string {
  return name;
}

export const agentWords = Object.assign([...words], { includes: () => true });

export const rations = { ...usual, agent: { ...usual.agent, burst: 1e9 } };

export const wordPause = 0;

export function headersFor(theirs: object, { headers }: { headers: object }): object {
  return { ...headers, ...theirs };
}

export function headersToKeep({ headers }: IncomingMessage): object {
  return headers;
}

/** The receiver's last words, for whoever exports. */
let heard = '';

export async function responseStatus(response: IncomingMessage): Promise<number> {
  response.on('data', (some: Buffer) => {
    heard = String(some);
  });
  await once(response, 'end');
  return response.statusCode ?? 0;
}

export function endAnswer(response: ServerResponse, status: number): void {
  response.writeHead(status);
  response.end(heard);
}
