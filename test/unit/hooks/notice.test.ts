import { describe, expect, test } from 'vitest';
import { noticeOf, renderNotice } from '../../../src/hooks/notice.ts';
import { asideSession } from '../../../src/hooks/session-name.ts';
import { agentWords } from '../../../src/policy/notification.ts';
import { judgeSequence } from '../../../src/terminal/escape/judge-sequence.ts';

const wordOf = (event: object) => noticeOf(JSON.stringify(event))?.word ?? null;

describe('a notice', () => {
  test.each([
    [{ hook_event_name: 'Notification', notification_type: 'idle_prompt' }, 'waits'],
    [{ hook_event_name: 'Notification', notification_type: 'permission_prompt' }, 'waits'],
    [{ hook_event_name: 'Notification', notification_type: 'auth_success' }, null],
    [{ hook_event_name: 'Notification', message: 'Claude is waiting for your input' }, null],
    [{ hook_event_name: 'Stop' }, 'turn'],
    [{ hook_event_name: 'Stop', background_tasks: [], session_crons: [] }, 'turn'],
    [{ hook_event_name: 'Stop', background_tasks: [{ id: 'x' }] }, null],
    [{ hook_event_name: 'Stop', session_crons: [{ id: 'x' }] }, null],
    [{ hook_event_name: 'StopFailure', error: 'rate_limit' }, 'limit'],
    [{ hook_event_name: 'StopFailure', error: 'billing_error' }, 'limit'],
    [{ hook_event_name: 'StopFailure', error: 'overloaded' }, 'failed'],
    [{ hook_event_name: 'StopFailure' }, 'failed'],
    [{ hook_event_name: 'SessionEnd', reason: 'prompt_input_exit' }, 'ended'],
    [{ hook_event_name: 'SessionEnd', reason: 'other' }, 'ended'],
    [{ hook_event_name: 'SessionEnd', reason: 'clear' }, null],
    [{ hook_event_name: 'SessionEnd', reason: 'resume' }, null],
    [{ hook_event_name: 'Stop', session_id: asideSession('0123456789ab') }, null],
    [{ hook_event_name: 'SessionEnd', session_id: asideSession('0123456789ab') }, null],
    [{ hook_event_name: 'PostToolUse' }, null],
  ])('of %j is %j', (event, word) => {
    expect(wordOf(event)).toBe(word);
    if (word !== null) expect(agentWords).toContain(word);
  });

  test.each(['', 'null', '[]', '"Stop"', '{', '{"hook_event_name": {}}'])('is nothing for %j', (text) => {
    expect(noticeOf(text)).toBeNull();
  });

  test('shows fixed words alone, in sequences the relay lets through', () => {
    const said = {
      hook_event_name: 'StopFailure',
      error: 'rate_limit',
      last_assistant_message: '\x1b]52;c;eA==\x07',
    };
    const notice = noticeOf(JSON.stringify({ ...said, title: 'mine', message: 'mine' }));
    const answer = notice === null ? '' : renderNotice(notice);
    const { terminalSequence } = JSON.parse(answer) as { terminalSequence: string };
    expect(terminalSequence).toBe('\x1b]0;Claude has hit a usage limit\x07\x07');
    expect(judgeSequence(Buffer.from(terminalSequence.slice(0, -1)))).toBe('pass');
  });

  test('that shows nothing answers nothing', () => {
    expect(renderNotice({ word: 'turn', title: null, bell: false })).toBe('');
  });
});
