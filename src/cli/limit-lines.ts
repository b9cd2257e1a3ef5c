import type { AgentLimits, Holder } from '../confinement/agent-limits.ts';
import { renderSize } from '../core/size.ts';

const held: Readonly<Record<Holder, string>> = {
  'control group': 'held by a control group',
  user: 'counted over all containers of the machine',
  supervisor: 'held by the supervisor',
};

/** @returns what `status` says of the agent's limits, and a line for each thing that this platform does not bound. */
export function limitLines(limits: AgentLimits | null): string[] {
  if (limits === null) return [];
  const { memory, processes, descriptors, gaps } = limits;
  const bounds = [
    ...(memory === null ? [] : [`memory ${renderSize(memory.bytes)} (${held[memory.by]})`]),
    `processes ${processes.count} (${held[processes.by]})`,
    `${descriptors} open files each`,
  ];
  return [`limits      ${bounds.join(', ')}`, ...gaps.map((gap) => `            not bounded: ${gap}`)];
}
