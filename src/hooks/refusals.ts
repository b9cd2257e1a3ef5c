import { type AuditEntry, commandOf } from '../policy/audit-entry.ts';
import { isHostName, reasonTexts } from '../policy/refusal.ts';
import { adviceOf, describePlace } from '../policy/refusal-text.ts';

/** What Claude Code says after a tool call, as far as it is needed here. Duration in milliseconds. */
export interface ToolEvent {
  readonly name: 'PostToolUse' | 'PostToolUseFailure';
  readonly session: string;
  readonly duration: number;
  /** What the tool has answered, as JSON. */
  readonly output: string;
}

/** What a session has been told so far: the last line looked at, and what the last telling was about. */
export interface Looked {
  readonly sequence: number;
  readonly about: readonly string[];
}

type Refused = Extract<AuditEntry, { kind: 'refused' }>;

/** What ends just before a tool does may be written down just after it began, by another clock's reckoning. */
const slack = 1000;
const mostTold = 5;
/** A stranger chooses names: they are quoted, and no longer than one needs to know them again. */
const longestName = 80;

/** @returns the event, or null for anything else. */
export function parseToolEvent(text: string): ToolEvent | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const { hook_event_name: name, session_id: session, duration_ms: duration } = value ?? {};
    const output = JSON.stringify([value?.tool_response, value?.error]);
    if (name !== 'PostToolUse' && name !== 'PostToolUseFailure') return null;
    const known = typeof session === 'string' && /^[A-Za-z0-9-]{1,64}$/.test(session);
    return { name, session: known ? session : 'unknown', duration: isCount(duration) ? duration : 0, output };
  } catch {
    return null;
  }
}

/** Parses what this hook left for itself; it lies where the agent may write. */
export function parseLooked(text: string | null): Looked | null {
  try {
    const value = JSON.parse(text ?? '') as Partial<Looked> | null;
    if (!isCount(value?.sequence) || !Array.isArray(value?.about)) return null;
    return { sequence: value.sequence, about: value.about.filter((key) => typeof key === 'string') };
  } catch {
    return null;
  }
}

/**
 * @param told what the file holds beyond what was looked at, oldest first.
 * @param start when the tool call began, in milliseconds since the epoch.
 * @returns the refusals a session has to hear of now: at its first look only those of this call, and no late count
 * of what it has just been told.
 */
export function chooseNews(
  told: readonly AuditEntry[],
  { looked, start }: { looked: Looked | null; start: number },
): Refused[] {
  const news = new Map<string, Refused>();
  for (const one of told) {
    if (one.kind !== 'refused') continue;
    const isOld = Date.parse(one.time) < start - slack;
    if (isOld && (looked === null || looked.about.includes(keyOf(one)))) continue;
    news.set(keyOf(one), one);
  }
  return [...news.values()];
}

/** @returns what was told, by which a late count of it is known again. */
export function keyOf({ via, reason, name, address, port }: Refused): string {
  return [via, reason, name, address, port].join(' ');
}

/** @returns what the bounds of the box were told to be reached by, each once. */
export function chooseLimits(told: readonly AuditEntry[]): string[] {
  return [...new Set(told.flatMap((one) => (one.kind === 'limited' ? [one.text] : [])))];
}

/**
 * Renders the answer to Claude Code: context for the model in this very turn.
 * @param short what has run short, a sentence each.
 */
export function renderAnswer(
  event: ToolEvent,
  { news, short }: { news: readonly Refused[]; short: readonly string[] },
): string {
  const additionalContext = [
    ...(news.length > 0 ? refusalLines(news) : []),
    ...(short.length > 0
      ? ['The box around this session is short of room:', ...short.map((one) => `- ${one}.`)]
      : []),
  ].join('\n');
  return JSON.stringify({ hookSpecificOutput: { hookEventName: event.name, additionalContext } });
}

function refusalLines(news: readonly Refused[]): string[] {
  const more = news.length - mostTold;
  return [
    'The box around this session refused network access while this tool ran or since the last one:',
    ...news.slice(0, mostTold).map((one) => `- ${renderNews(one)}`),
    ...(more > 0 ? [`- and ${more} more: \`cloister log\` lists them`] : []),
    "This is the operator's policy, not a fault. You cannot change it from inside: go on without it, or say what " +
      'you need and why.',
  ];
}

function renderNews(refused: Refused): string {
  const { name, reason, rule, set } = refused;
  const isLong = isHostName(name) && name.length > longestName;
  const shown = isLong ? { ...refused, name: null, address: null } : refused;
  const place = isLong ? `"…${name.slice(-longestName)}"` : JSON.stringify(describePlace(shown));
  const help =
    rule === null || isLong ? adviceFor(refused) : `an operator would allow it with: ${commandOf(rule, set)}`;
  return `${place}: ${reasonTexts[reason]}; ${help}`;
}

function adviceFor({ rule, reason }: Refused): string {
  return rule === null ? adviceOf(reason) : 'an operator finds the rule for it with: cloister log';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
