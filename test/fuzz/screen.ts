import assert from 'node:assert/strict';
import { EscapeFilter } from '../../src/terminal/escape/filter.ts';
import { judgeSequence } from '../../src/terminal/escape/judge-sequence.ts';
import { allowed, forbidden } from '../unit/terminal/escape/sequences.ts';
import { randomFrom, type Target } from './driver.ts';

const seeds = [
  ...allowed.map(([, text]) => Buffer.from(text)),
  ...forbidden.map(([, octets]) => Buffer.from(octets, 'latin1')),
  Buffer.from(allowed.map(([, text]) => text).join('')),
  Buffer.from(
    forbidden.map(([, octets], index) => octets + (allowed[index % allowed.length]?.[1] ?? '')).join(''),
    'latin1',
  ),
];

/** What reaches the operator's terminal asks it nothing and is the same however it came, and what passes passes again. */
export const screen: Target = {
  name: 'screen',
  seeds,
  check: (bytes) => {
    const whole = filtered([bytes]);
    assertHarmless(whole);
    assert.deepEqual(filtered(chunksOf(bytes)), whole);
    assert.deepEqual(filtered([whole]), whole);
  },
};

/** @returns what comes out of a fresh filter, with everything that may pass at all. */
export function filtered(chunks: readonly Buffer[]): Buffer {
  const filter = new EscapeFilter((sequence) => ['pass', 'copy'].includes(judgeSequence(sequence)));
  return Buffer.concat(chunks.map((chunk) => Buffer.from(filter.take(chunk))));
}

/** Reads the stream anew, in another way than the filter does, and by what may not be in it. */
export function assertHarmless(bytes: Buffer): void {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  assert.deepEqual([...text].filter(isHarmfulControl), []);
  const [, ...pieces] = text.split('\x1b');
  for (const [index, piece] of pieces.entries()) {
    const before = pieces[index - 1] ?? '';
    if (piece.startsWith('\\')) assert.ok(isOpenString(before), 'an end without its string');
    else if (isOpenString(before)) assert.fail('a string without its end');
    else assertKnown(piece);
  }
  const last = pieces.at(-1) ?? 'none';
  assert.ok(!isOpenString(last) && !/^(\[[^@-~]*|)$/.test(last), 'an open end');
}

/** Every control character but BEL, BS, HT, LF, CR, SO, SI, and ESC, which is looked at by itself. */
function isHarmfulControl(character: string): boolean {
  return /\p{Cc}/u.test(character) && !'\x07\b\t\n\r\x0e\x0f\x1b'.includes(character);
}

/** A command that BEL has not ended. */
function isOpenString(piece: string): boolean {
  return piece.startsWith(']') && !piece.includes('\x07');
}

function assertKnown(piece: string): void {
  if (piece.startsWith(']')) {
    assert.match(piece, /^\](0|1|2|8|9|12|52|112|777)(?!\d)/);
    assert.doesNotMatch(piece, /^\](12|52;[^;]*);\?|^\]9;\d/);
  } else if (piece.startsWith('[')) {
    const [control = ''] = /^\[[^@-~]*[@-~]/.exec(piece) ?? [];
    assert.match(control.slice(1), /^([\d;:]*[@A-HJ-MPSTXdfmr`]|[\d;]* q|>4(;\d)?m|\?[\d;]+[hl])$/);
    assert.doesNotMatch(control, /^\[3J$|T.*;|\?.*\b(2031|2048|1016|1015|5|2|3|69|9)\b/);
  } else {
    assert.match(piece, /^[78=>M]|^[()][0B]/);
  }
}

/** The same octets always come in the same pieces. */
function chunksOf(bytes: Buffer): Buffer[] {
  const random = randomFrom(bytes.length);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + random(random(2) === 0 ? 3 : 200);
    chunks.push(bytes.subarray(at, next));
    at = next;
  }
  return chunks;
}
