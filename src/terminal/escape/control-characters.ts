const number = /^\d{0,5}$/;
const position = /^\d{0,5}(;\d{0,5})?$/;

/**
 * Control sequences (CSI) that a screen is drawn with, by their prefix, intermediate octets and final one. None of
 * them makes a terminal answer; the names are those of DEC and xterm.
 */
const parameters: Readonly<Record<string, RegExp>> = {
  // Colours and attributes, with colons as well.
  m: /^[\d;:]{0,128}$/,
  // The cursor: CUU to CHA, CUP, HPA, VPA, HVP, and its style.
  ...{ A: number, B: number, C: number, D: number, E: number, F: number, G: number, d: number, '`': number },
  ...{ H: position, f: position, ' q': /^[0-6]?$/ },
  // Erase, but for 3: the operator's scrollback is not the session's.
  ...{ J: /^[012]?$/, K: /^[012]?$/, X: number },
  // Insert, delete, scroll, and the region that scrolls.
  ...{ '@': number, P: number, L: number, M: number, S: number, T: number, r: position },
  // Extended keys (modifyOtherKeys), and no other resource of the keyboard.
  '>m': /^4(;[0-2])?$/,
};

/**
 * Private modes that may be set and reset: cursor keys, wrapping, blinking and visible cursor, the alternate screen
 * in its forms, mouse (buttons, drags, motion; SGR form), focus, bracketed paste, synchronised output.
 */
const modes = new Set(['1', '7', '12', '25', '47', '1047', '1048', '1049', '1000', '1002', '1003', '1006']);
for (const mode of ['1004', '2004', '2026']) modes.add(mode);
/** The old form of mouse reports is no UTF-8 beyond column 95; tmux only ever switches it off. */
const modesToReset = new Set([...modes, '1005']);

/** Save and restore the cursor, keypad modes, reverse index, and the sets of characters that lines are drawn with. */
const plain = new Set(['7', '8', '=', '>', 'M', '(0', '(B', ')0', ')B']);

/** Whether a terminal may get a whole control sequence: one that ESC [ begins. */
export function controlPasses(text: string): boolean {
  const [, prefix = '', values = '', kind = ''] =
    /^\[([<-?]?)([\d;:]*)([ -/]*[@-~])$/.exec(text.slice(1)) ?? [];
  if (prefix === '?') return modesPass(values, kind);
  const key = prefix + kind;
  return Object.hasOwn(parameters, key) && parameters[key]?.test(values) === true;
}

/** Whether a terminal may get a whole sequence of ESC, intermediate octets and a final one. */
export function plainPasses(text: string): boolean {
  return plain.has(text.slice(1));
}

function modesPass(values: string, kind: string): boolean {
  const allowed = kind === 'h' ? modes : kind === 'l' ? modesToReset : null;
  return allowed !== null && values.split(';').every((mode) => allowed.has(mode));
}
