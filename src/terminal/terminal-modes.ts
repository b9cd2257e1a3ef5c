/** Keeps the title of the operator's window. */
export const begin = '\x1b[22;0;0t';

/** Undoes whatever the session can have changed with the sequences that pass, whichever of them it did use. */
const undo = [
  // Synchronised output first, or nothing of this shows.
  '\x1b[?2026l',
  // Mouse, focus, paste, extended keys, cursor keys, keypad.
  ...['\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l', '\x1b[?1004l\x1b[?2004l', '\x1b[>4;0m'],
  '\x1b[?1l\x1b>',
  // Sets of characters, link, colour and style of the cursor.
  ...['\x0f\x1b(B\x1b)B', '\x1b]8;;\x1b\\', '\x1b]112\x07', '\x1b[0 q'],
  // Wrapping, and the whole screen scrolls; to say so moves the cursor.
  '\x1b[?7h\x1b7\x1b[r\x1b8',
  // The main screen, in each of its forms, with a visible cursor, plain text, and the title that was kept.
  ...['\x1b[?47l\x1b[?1047l\x1b[?1049l', '\x1b[?25h', '\x1b[0;10m', '\x1b[23;0;0t', '\r\n'],
].join('');

/** The undoing, and a question that every terminal answers in its turn, after all that it sent before. */
export const end = `${undo}\x1b[5n`;
export const answered = '\x1b[0n';
