import type { NotificationWord } from '../policy/notification.ts';
import { isAside } from './session-name.ts';

/** What is made of an event of Claude Code: the word for the operator, and what his terminal shows; either may be none. */
export interface Notice {
  readonly word: NotificationWord;
  /** The window's title, and whether the bell rings. */
  readonly title: string | null;
  readonly bell: boolean;
}

/** Kinds of notification that mean: nothing goes on until somebody answers. */
const waiting: readonly unknown[] = [
  'idle_prompt',
  'permission_prompt',
  'worker_permission_prompt',
  'agent_needs_input',
  'elicitation_dialog',
];
/** Kinds of failure that only time or money mends. */
const limits: readonly unknown[] = ['rate_limit', 'billing_error'];
/** Ends of a session after which another one goes on in its place. */
const goesOn: readonly unknown[] = ['clear', 'resume'];

/** @param text what Claude Code says on stdin.  @returns null for what is no news to anybody. */
export function noticeOf(text: string): Notice | null {
  const event = parse(text);
  // A question of our own to a model is no session of the operator's.
  if (isAside(String(event.session_id))) return null;
  switch (event.hook_event_name) {
    case 'Notification':
      return waiting.includes(event.notification_type)
        ? { word: 'waits', title: 'Claude waits for you', bell: true }
        : null;
    case 'Stop':
      return isBusy(event) ? null : { word: 'turn', title: 'Claude has finished', bell: false };
    case 'StopFailure':
      return limits.includes(event.error)
        ? { word: 'limit', title: 'Claude has hit a usage limit', bell: true }
        : { word: 'failed', title: 'Claude has stopped on an error', bell: true };
    case 'SessionEnd':
      return goesOn.includes(event.reason) ? null : { word: 'ended', title: null, bell: true };
    default:
      return null;
  }
}

/** @returns the answer to Claude Code, which writes to the terminal in our place. */
export function renderNotice({ title, bell }: Notice): string {
  const terminalSequence = `${title === null ? '' : `\x1b]0;${title}\x07`}${bell ? '\x07' : ''}`;
  return terminalSequence === '' ? '' : JSON.stringify({ terminalSequence });
}

/** Work in the background, or an alarm it has set, will wake it again. */
function isBusy({ background_tasks: tasks, session_crons: crons }: Record<string, unknown>): boolean {
  return [tasks, crons].some((list) => Array.isArray(list) && list.length > 0);
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
