import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { renderSize } from '../core/size.ts';

const chunk = 65_536;

/** Why a file can't be read although it is there: `a pipe`, `EISDIR`, `larger than 64k`. */
export class UnreadableError extends Error {
  readonly code: string;

  constructor(path: string, code: string) {
    super(`${path}: ${code}`);
    this.name = 'UnreadableError';
    this.code = code;
  }
}

/**
 * Reads a regular file of at most so many bytes, as UTF-8, at once: what an operator names may be a pipe that nobody
 * writes to, a device without an end, or a disk's image. Throws an error with a code.
 */
export function readBounded(path: string, most: number): string {
  // Before it is opened as well: to open a device is to use it.
  assertFile(path, statSync(path), most);
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    assertFile(path, fstatSync(file), most);
    return readAll(path, file, most).toString('utf8');
  } finally {
    closeSync(file);
  }
}

function assertFile(path: string, stat: Stats, most: number): void {
  const kind = kindOf(stat);
  if (kind !== null) throw new UnreadableError(path, kind);
  if (stat.size > most) throw tooLarge(path, most);
}

function kindOf(stat: Stats): string | null {
  if (stat.isFile()) return null;
  if (stat.isDirectory()) return 'EISDIR';
  if (stat.isFIFO()) return 'a pipe';
  return stat.isSocket() ? 'a socket' : 'a device';
}

export function tooLarge(path: string, most: number): UnreadableError {
  return new UnreadableError(path, `larger than ${renderSize(most)}`);
}

/** It may grow while it is read, and some file systems tell no size. */
function readAll(path: string, file: number, most: number): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(chunk);
    const read = readSync(file, piece, 0, chunk, null);
    if (read === 0) return Buffer.concat(pieces);
    length += read;
    if (length > most) throw tooLarge(path, most);
    pieces.push(piece.subarray(0, read));
  }
}
