/**
 * What becomes of an escape sequence on its way to the operator's terminal. `copy` writes to the clipboard: it passes
 * only while somebody is at the keys. `identify` asks which terminal this is: the relay answers it, the terminal never.
 */
export type SequenceVerdict = 'pass' | 'drop' | 'copy' | 'identify';
