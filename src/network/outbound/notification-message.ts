import { type NotificationWord, notifications } from '../../policy/notification.ts';
import type { Format, NotifyTarget } from '../../policy/outbound-target.ts';

/** What is sent: headers in lower case, and a body in ASCII. */
export interface NotificationMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Renders one notification from words of the box and of its operator alone.
 * @param count how often it happened since the last telling of it.
 */
export function renderMessage(
  notify: NotifyTarget,
  word: NotificationWord,
  count: number,
): NotificationMessage {
  const { kind, text } = notifications[word];
  const where = notify.repository === null ? '' : ` (${notify.repository})`;
  const times = count > 1 ? `, ${count} times` : '';
  const said = { title: `${notify.box}: ${text}`, line: `${notify.box}: ${text}${times}${where}` };
  const rendered = render(notify.format, { ...said, urgent: kind !== 'ends' && kind !== 'turn' });
  const { authorization } = notify;
  return {
    ...rendered,
    headers: { ...rendered.headers, ...(authorization === null ? {} : { authorization }) },
  };
}

function render(
  format: Format,
  { title, line, urgent }: { title: string; line: string; urgent: boolean },
): NotificationMessage {
  const plain = { 'content-type': 'text/plain; charset=utf-8' };
  const json = { 'content-type': 'application/json' };
  switch (format) {
    case 'ntfy':
      return {
        headers: { ...plain, title, priority: urgent ? 'high' : 'default', tags: 'robot' },
        body: line,
      };
    case 'slack':
      return { headers: json, body: JSON.stringify({ text: line }) };
    case 'discord':
      return { headers: json, body: JSON.stringify({ content: line }) };
    case 'plain':
      return { headers: plain, body: `${line}\n` };
  }
}
