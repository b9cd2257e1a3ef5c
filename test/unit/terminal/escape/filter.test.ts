import { describe, expect, test } from 'vitest';
import { EscapeFilter, longestSequence } from '../../../../src/terminal/escape/filter.ts';
import { longestWait } from '../../../../src/terminal/escape/sequence.ts';
import { assertHarmless, filtered } from '../../../fuzz/screen.ts';
import { allowed, forbidden } from './sequences.ts';

const octets = (text: string) => Buffer.from(text, 'latin1');
const shown = (...chunks: string[]) => filtered(chunks.map(octets)).toString('latin1');
/** In two pieces, wherever they part, and octet by octet. */
function splits(bytes: Buffer): Buffer[][] {
  const places = [...bytes.keys()].map((at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  return [...places, [...bytes].map((octet) => Buffer.from([octet]))];
}

describe('what Claude and tmux draw with reaches the terminal octet for octet, however it is split', () => {
  test.each(allowed)('%s', (_, text) => {
    const bytes = Buffer.from(text);
    for (const chunks of splits(bytes)) expect(filtered(chunks)).toEqual(bytes);
    assertHarmless(bytes);
  });
});

describe('nothing that makes the terminal answer or act reaches it, however it is split', () => {
  test.each(forbidden)('%s', (_, text) => {
    const bytes = octets(`before${text}after`);
    for (const chunks of splits(bytes)) expect(filtered(chunks).toString()).toBe('beforeafter');
  });
});

describe('a sequence that hides in another', () => {
  test.each([
    ['in a title', '\x1b]0;a\x1b[6n\x07', '\x07'],
    ['in a title that an ESC aborts', '\x1b]0;a\x1b\x1b[6nb', 'b'],
    ['in a passthrough of tmux', '\x1bPtmux;\x1b\x1b]52;c;?\x07\x1b\\', ''],
    ['in a passthrough of screen', '\x1bP\x1b[6n\x1b\\', ''],
    ['in a picture', '\x1b_Ga=T;\x1b[c\x1b\\', ''],
    ['in a control sequence', '\x1b[3\x1b[6n1mx', '1mx'],
    ['behind a line end in a control sequence', '\x1b[3\n1mx', '\n1mx'],
    ['behind a cancellation', '\x1b]0;\x18\x1b[6nx\x1a', 'x'],
    ['behind the cancellation of a control sequence', '\x1b[3\x1a1m', '1m'],
    ['behind an 8-bit end of a title', '\x1b]0;a\x9c\x1b[6nx', 'x'],
    ['behind an 8-bit introducer', '\x9b6n', '6n'],
    ['behind an introducer in UTF-8', '\xc2\x9b6n', '6n'],
    ['behind an overlong ESC', '\xc0\x9b[6n', '[6n'],
    ['behind a character cut short', '\xe2\x94\x1b[6nx', 'x'],
    ['behind an ESC too many', '\x1b\x1b\x1b[6nx', 'x'],
  ])('%s leaves at most text', (_, hostile, harmless) => {
    for (const chunks of splits(octets(hostile))) expect(filtered(chunks).toString()).toBe(harmless);
  });

  test('an allowed one that follows a broken one passes', () => {
    expect(shown('\x1b]0;a\x1b[1mx')).toBe('\x1b[1mx');
    expect(shown('\x1b]0;a\x1b', '[1mx')).toBe('\x1b[1mx');
    expect(shown('\x1b[12\x1b', '(0x')).toBe('\x1b(0x');
  });
});

describe('a sequence without end', () => {
  test.each(['\x1b]0;', '\x1bP', '\x1b_', '\x1b[1'])('%j does not hide what follows for ever', (start) => {
    const filter = new EscapeFilter(() => true);
    filter.take(octets(start));
    const chunk = Buffer.alloc(65_536, '1');
    let passed = 0;
    for (let sent = 0; sent < longestWait + 2 * chunk.length; sent += chunk.length)
      passed += filter.take(chunk).length;
    expect(passed).toBeGreaterThanOrEqual(chunk.length);
  });

  test('a title without end gives way at the next line', () => {
    expect(shown('\x1b]0;never\nthe next line')).toBe('\nthe next line');
  });

  test('one longer than is judged is left out whole, and what follows passes', () => {
    const text = Buffer.alloc(longestSequence, 'A').toString('base64');
    expect(shown(`\x1b]52;c;${text}\x07x`)).toBe('x');
    expect(shown('\x1b]52;c;', ...(text.match(/.{1,4096}/g) ?? []), '\x07x')).toBe('x');
  });

  test('its beginning is not shown when the session ends in it', () => {
    expect(shown('text\x1b[3')).toBe('text');
    expect(shown('text\xe2\x94')).toBe('text');
  });
});

test('plain text is not copied', () => {
  const filter = new EscapeFilter(() => true);
  const bytes = Buffer.from('nothing to see\r\n\x1b[1mhere\x1b[0m');
  const out = filter.take(bytes);
  expect([out.buffer, out.byteOffset, out.length]).toEqual([bytes.buffer, bytes.byteOffset, bytes.length]);
});
