import { judgeCommand } from './command.ts';
import { controlPasses, plainPasses } from './control-characters.ts';
import type { SequenceVerdict } from './sequence-verdict.ts';

const longestControl = 256;

/** @param sequence a whole one, from ESC to its last octet. What is not known is dropped. */
export function judgeSequence(sequence: Buffer): SequenceVerdict {
  if (sequence[1] === 0x5d) return judgeCommand(sequence);
  if (sequence.length > longestControl) return 'drop';
  const text = sequence.toString('latin1');
  if (text === '\x1b[c' || text === '\x1b[0c') return 'identify';
  return (sequence[1] === 0x5b ? controlPasses(text) : plainPasses(text)) ? 'pass' : 'drop';
}
