import { parseRule, type RuleFault } from './parse-rules.ts';
import type { RuleSet, SetEntry } from './rule-set.ts';

/** How a host is marked at which strangers put content. */
const mark = /\s*\(\*\)$/;

/**
 * Parses a file of one set: its first comment says what it is for; a line is a rule, and behind `#` the reason, which
 * ends with `(*)` where strangers put content. Other comments are for people.
 */
export function parseRuleSet(
  text: string,
  { name, source }: { name: string; source: string },
): { set: RuleSet; faults: RuleFault[] } {
  const lines = text.split('\n');
  const entries: SetEntry[] = [];
  const faults: RuleFault[] = [];
  lines.forEach((line, index) => {
    const [, written = '', comment = ''] = /^([^#]*)(?:#(.*))?$/.exec(line) ?? [];
    if (written.trim() === '') return;
    const rule = parseRule(written.trim());
    if (typeof rule === 'string') faults.push({ source, line: index + 1, fault: rule });
    else entries.push({ rule, reason: printable(comment.replace(mark, '')), isShared: mark.test(comment) });
  });
  const about = printable(/^#(.*)$/.exec(lines[0] ?? '')?.[1] ?? '');
  return { set: { name, about, entries }, faults };
}

/** It is shown on terminals. */
function printable(text: string): string {
  return text
    .trim()
    .slice(0, 200)
    .replace(/[^\x20-\x7e]/g, '?');
}
