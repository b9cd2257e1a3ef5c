import { expect, test } from 'vitest';
import { notificationOfNews, notificationOfRescue } from '../../../src/init/notification-of.ts';
import type { BoxState, ChildNews } from '../../../src/state/box-state.ts';

const news = { restarts: 8, lastCode: 1, failing: true };

test.each<[ChildNews['child'], ChildNews['what'], string | null]>([
  ['agent', 'failing', 'restarts'],
  ['session', 'failing', 'session-lost'],
  ['egress', 'failing', null],
  ['packet-log', 'failing', null],
  ['agent', 'started', null],
  ['session', 'ended', null],
  ['session', 'settled', null],
])('of %s %s the word is %j', (child, what, word) => {
  expect(notificationOfNews({ child, what, ...news })).toBe(word);
});

test.each<[BoxState['rescue']['outcome'], string | null]>([
  ['pushed', 'saved'],
  ['unchanged', 'saved'],
  ['failed', 'unsaved'],
  ['nothing', null],
  [null, null],
])('of a rescue that came to %j the word is %j', (outcome, word) => {
  expect(notificationOfRescue({ outcome, partial: false, savedAt: null, said: '', restored: '' })).toBe(word);
});

test('of a rescue that saved only what could be read the operator is told so', () => {
  const rescue = { outcome: 'pushed', partial: true, savedAt: null, said: '', restored: '' } as const;
  expect(notificationOfRescue(rescue)).toBe('saved-in-part');
});
