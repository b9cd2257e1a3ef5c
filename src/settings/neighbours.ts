import type * as z from 'zod';
import { parseNeighbour } from '../policy/neighbour.ts';
import type { Rule } from '../policy/rule.ts';

/** Parses `db:5432,redis:6379`: the services beside the box, each with the one port it is reached on. */
export function neighboursOf(text: string, context: z.RefinementCtx): Rule[] {
  const parsed = text.split(',').map((part) => ({ part: part.trim(), rule: parseNeighbour(part.trim()) }));
  for (const { part, rule } of parsed)
    if (typeof rule === 'string')
      context.addIssue({ code: 'custom', message: `holds ${quote(part)}, which ${rule}` });
  return parsed.map(({ rule }) => rule).filter((rule): rule is Rule => typeof rule !== 'string');
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80)).replace(/[^\x20-\x7e]/g, '?');
}
