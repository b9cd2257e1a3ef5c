import { expect, test } from 'vitest';
import { printable } from '../../../src/core/printable.ts';

test.each([
  ['an escape sequence', 'remote: \x1b]52;c;?\x07x', 'remote: ?]52;c;??x'],
  ['a control character of eight bits', 'a\x9b31mb', 'a?31mb'],
  ['text that is shown backwards', 'a\u202eb\u2066c\u200bd', 'a?b?c?d'],
  [
    'a line that would pass for one of ours',
    'fatal: x\n+ proof   3 ms\r\nready\u2028y',
    'fatal: x | + proof   3 ms | ready?y',
  ],
])('%s is told without its force', (_, said, told) => {
  expect(printable(said)).toBe(told);
});

test('words in any language stay as they are', () => {
  expect(printable(' Größe: 3 µm, 日本語 ✓ ')).toBe('Größe: 3 µm, 日本語 ✓');
});
