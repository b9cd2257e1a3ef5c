import type { SequenceVerdict } from './sequence-verdict.ts';

const longestTitle = 512;
const longestNotice = 256;
/** No C0 or C1 control, and none of those characters that turn the order of others or break their line. */
const printable = /^[^\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Commands (OSC) that a terminal may get, by their number. Numbers are those of xterm, iTerm2 and rxvt. */
const judges: Readonly<Record<string, (rest: string) => SequenceVerdict>> = {
  // Title and name of the window.
  ...{ 0: bounded(longestTitle), 1: bounded(longestTitle), 2: bounded(longestTitle) },
  8: matching(/^(?:id=[\w%.-]{1,64})?;(?:https?:\/\/[\x21-\x7e]{1,2048})?$/),
  // A notification. A number in front makes it one of ConEmu's commands, which run macros.
  9: (rest) => (/^\d/.test(rest) ? 'drop' : bounded(longestNotice)(rest)),
  // The colour of the cursor, set and back to the terminal's own; never asked for.
  12: matching(/^(?:#[\da-f]{6}|rgb:[\da-f]{2}\/[\da-f]{2}\/[\da-f]{2})$/i),
  112: matching(/^$/),
  52: (rest) => (copies(rest) ? 'copy' : 'drop'),
  777: (rest) => (rest.startsWith('notify;') ? bounded(longestNotice)(rest) : 'drop'),
};

/** What becomes of a whole command: one that ESC ] begins, and BEL or ST ends. */
export function judgeCommand(sequence: Buffer): SequenceVerdict {
  const end = sequence.at(-1) === 0x07 ? -1 : -2;
  const text = textOf(sequence.subarray(2, end));
  const [, number = '', rest = ''] = /^(\d{1,3})(?:;(.*))?$/s.exec(text ?? '') ?? [];
  return (Object.hasOwn(judges, number) ? judges[number]?.(rest) : undefined) ?? 'drop';
}

/** Writes a text to the clipboard: one that could be pasted without running anything by a hidden control. */
function copies(rest: string): boolean {
  const [, data = ''] = /^[cp]{0,2};(.+)$/.exec(rest) ?? [];
  const text = data !== '' && base64.test(data) ? textOf(Buffer.from(data, 'base64')) : null;
  return text?.split(/[\n\t]/).every((part) => printable.test(part)) === true;
}

function bounded(longest: number): (rest: string) => SequenceVerdict {
  return (rest) => (rest.length <= longest && printable.test(rest) ? 'pass' : 'drop');
}

function matching(pattern: RegExp): (rest: string) => SequenceVerdict {
  return (rest) => (pattern.test(rest) ? 'pass' : 'drop');
}

function textOf(octets: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return null;
  }
}
