import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type { NetlinkAnswer } from './host.ts';

/** The system calls that Node lacks: see native/netfilter.c. */
interface NetfilterCalls {
  /** @returns what came back, or the number of the system's error. */
  exchange(messages: Uint8Array): NetlinkAnswer[] | number;
}

let calls: NetfilterCalls | null = null;

/** Hands netlink messages to the kernel's packet filter and takes its answers, as `Host.tellNetfilter` says. */
export function tellNetfilter(messages: Uint8Array): NetlinkAnswer[] {
  calls ??= createRequire(import.meta.url)('./netfilter.node') as NetfilterCalls;
  const answers = calls.exchange(messages);
  if (typeof answers !== 'number') return answers;
  throw new Error(`the kernel's packet filter could not be told: ${getSystemErrorName(-answers)}`);
}
