/** Control characters, those that turn or hide text (bidi marks and their like), and lone surrogates. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes one line of what a program said: a stranger may have put it into the program's mouth, as a git server does
 * with its progress, and it is shown on an operator's terminal.
 */
export function printable(text: string): string {
  return text
    .trim()
    .replace(/\s*[\r\n]+\s*/g, ' | ')
    .replace(unseen, '?');
}
