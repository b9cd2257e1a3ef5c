import type { Reason, Refusal, Trouble, Via } from './refusal.ts';
import { adviceOf } from './refusal-text.ts';
import type { Remedy } from './remedy.ts';

/** One line of the files of refusals and of failures. `sequence` grows by one a line and never starts over in a boot. */
export type AuditEntry =
  | (AuditEntryBase &
      Omit<Refusal, 'reason'> & {
        readonly kind: 'refused';
        readonly reason: Reason;
        /** Decimal user id, where the kernel's firewall saw it. */
        readonly user?: number | null;
        readonly protocol?: string;
        /** The rule that would allow it, or null where none would. */
        readonly rule: string | null;
        /** The set that has that rule, if one has. */
        readonly set?: string | null;
      })
  | (AuditEntryBase & {
      readonly kind: 'failed';
      readonly via: Via;
      readonly trouble: Trouble;
      readonly name: string | null;
      readonly port: number | null;
    })
  /** A bound of the box's that the agent has reached: nothing of policy, and told as refusals are. */
  | (AuditEntryBase & { readonly kind: 'limited' })
  /** What was too much to be told one by one. */
  | (AuditEntryBase & { readonly kind: 'more' });

interface AuditEntryBase {
  readonly sequence: number;
  /** ISO, with milliseconds. */
  readonly time: string;
  readonly count: number;
  /** The same for people: one line of printable ASCII. */
  readonly text: string;
}

/** @param text whole lines, the newest last.  @returns what came after that sequence number, oldest first. */
export function parseAuditEntries(text: string, after: number): AuditEntry[] {
  const found: AuditEntry[] = [];
  for (const line of text.split('\n').reverse()) {
    const told = parseLine(line);
    if (told === null) continue;
    if (told.sequence <= after) break;
    found.push(told);
  }
  return found.reverse();
}

/** @returns one line for people, with what would help. */
export function renderAuditEntry(told: AuditEntry): string {
  const help = told.kind === 'refused' ? `; ${helpOf(told)}` : '';
  return `${told.time} ${told.text}${help}`;
}

/** What is known of a refusal's remedy; nothing of a set where its line is an older one. */
interface HelpedBy {
  readonly reason: Reason;
  readonly rule: Remedy['rule'];
  readonly set?: Remedy['set'] | undefined;
}

/** @returns the command that would allow it, or what else an operator could do. */
export function helpOf({ rule, set, reason }: HelpedBy): string {
  return rule === null ? adviceOf(reason) : `to allow it: ${commandOf(rule, set)}`;
}

/** @returns what an operator would type: the set, where one has the rule, and the rule alone. */
export function commandOf(rule: string, set: string | null = null): string {
  return set === null
    ? `cloister allow ${rule}`
    : `cloister allow @${set} (it alone: cloister allow ${rule})`;
}

function parseLine(line: string): AuditEntry | null {
  if (line === '') return null;
  try {
    const told = JSON.parse(line) as Partial<AuditEntry> | null;
    return Number.isSafeInteger(told?.sequence) ? (told as AuditEntry) : null;
  } catch {
    return null;
  }
}
