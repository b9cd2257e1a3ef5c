import { expect, test } from 'vitest';
import {
  asideSession,
  firstPrompt,
  isAside,
  parseName,
  parseSessionEvent,
  renderQuestion,
} from '../../../src/hooks/session-name.ts';

test.each([
  ['fix-the-build', 'fix-the-build'],
  ['  `fix-the-build`\n\nIt fits.', 'fix-the-build'],
  ['"parser2-rewrite".', 'parser2-rewrite'],
  ['a'.repeat(40), 'a'.repeat(40)],
])('takes the name in %j', (answer, name) => {
  expect(parseName(answer)).toBe(name);
});

test.each([
  '',
  'Fix the build',
  'fix_the_build',
  '7-days',
  'a'.repeat(41),
  'a--b',
  '-x',
  'a-',
  '$(touch /tmp/pwned)',
  '#(touch /tmp/pwned)',
  'x\x1b]0;pwned\x07',
  'name;kill-server',
  'fünf',
  '../../etc',
])('takes no name from %j', (answer) => {
  expect(parseName(answer)).toBeNull();
});

test('reads the first prompt of a transcript, past what is not the user’s', () => {
  const lines = [
    'broken',
    { type: 'summary' },
    { type: 'user', isMeta: true, message: { content: 'caveat' } },
    { type: 'user', message: { content: [{ type: 'image' }, { type: 'text', text: ' fix it ' }] } },
    { type: 'user', message: { content: 'and more' } },
  ];
  expect(
    firstPrompt(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
  ).toBe('fix it');
  expect(firstPrompt('')).toBeNull();
});

test('asks with a bounded question', () => {
  expect(renderQuestion('p'.repeat(9000), 'a'.repeat(9000)).length).toBeLessThan(2500);
});

test('knows its own questions again, and no other session', () => {
  expect(asideSession('0123456789ab')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(isAside(asideSession('0123456789ab'))).toBe(true);
  expect(isAside('6c26210d-5ef7-4db8-88c4-af85e1af962c')).toBe(false);
});

test.each([
  '',
  'null',
  '[1',
  '{"hook_event_name":"PreToolUse","session_id":"a"}',
  '{"hook_event_name":"Stop","session_id":"../x"}',
  '{"hook_event_name":"Stop"}',
])('leaves the event %j alone', (text) => {
  expect(parseSessionEvent(text)).toBeNull();
});

test('reads what an answer’s event tells', () => {
  const event = { hook_event_name: 'Stop', session_id: 'a-1', transcript_path: 'relative' };
  expect(parseSessionEvent(JSON.stringify(event))).toEqual({
    name: 'Stop',
    session: 'a-1',
    transcript: null,
    answer: '',
  });
});
