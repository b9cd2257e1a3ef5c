import { describe, expect, test } from 'vitest';
import { renderMessage } from '../../../../src/network/outbound/notification-message.ts';
import { type NotificationWord, notifications } from '../../../../src/policy/notification.ts';
import { formats, type NotifyTarget } from '../../../../src/policy/outbound-target.ts';

const notify: NotifyTarget = {
  name: 'notify.example',
  port: 443,
  secure: true,
  path: '/topic',
  format: 'plain',
  authorization: 'Bearer tk_secret',
  on: [],
  box: 'night-shift',
  repository: 'github.com/you/project',
  once: false,
};
const words = Object.keys(notifications) as NotificationWord[];

describe('a notification', () => {
  test.each(words.flatMap((word) => formats.map((format) => ({ word, format }))))(
    'of $word as $format is ASCII, one line, names the box and holds no secret in its words',
    ({ word, format }) => {
      const { headers, body } = renderMessage({ ...notify, format }, word, 1);
      expect(body).toMatch(/^[\x20-\x7e]+\n?$/);
      expect(body).toContain(`night-shift: ${notifications[word].text} (github.com/you/project)`);
      expect(body).not.toContain('secret');
      expect(Object.values(headers).every((value) => /^[\x20-\x7e]+$/.test(value))).toBe(true);
      expect(headers.authorization).toBe('Bearer tk_secret');
    },
  );

  test('says how often, and no repository where there is none', () => {
    expect(renderMessage({ ...notify, repository: null }, 'waits', 3).body).toBe(
      'night-shift: Claude waits for you, 3 times\n',
    );
  });

  test('has the shape its receiver knows', () => {
    const line = 'night-shift: Claude waits for you (github.com/you/project)';
    const bodyOf = (format: NotifyTarget['format']) => renderMessage({ ...notify, format }, 'waits', 1).body;
    expect(JSON.parse(bodyOf('slack'))).toEqual({ text: line });
    expect(JSON.parse(bodyOf('discord'))).toEqual({ content: line });
    expect(bodyOf('ntfy')).toBe(line);
    expect(renderMessage({ ...notify, format: 'ntfy' }, 'waits', 1).headers).toMatchObject({
      title: 'night-shift: Claude waits for you',
      priority: 'high',
    });
  });

  test('without a token has no header for one', () => {
    expect(renderMessage({ ...notify, authorization: null }, 'waits', 1).headers).toEqual({
      'content-type': 'text/plain; charset=utf-8',
    });
  });
});
