import {
  accessSync,
  type BigIntStats,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  opendirSync,
  readFileSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { octetsOf } from './agent-files.ts';

/** What stands there itself, with times in nanoseconds.  Throws where it can't be looked at. */
export function bigStat(path: string): BigIntStats {
  return lstatSync(octetsOf(path), { bigint: true });
}

/** @returns what stands there, links followed; null where they lead nowhere. */
export function targetOf(path: string): Stats | null {
  try {
    return statSync(octetsOf(path));
  } catch {
    return null;
  }
}

/** @returns all of an open file, and when it was changed last, in nanoseconds. */
export function readOpen(descriptor: number): { readonly octets: Buffer; readonly changed: bigint } {
  return { octets: readFileSync(descriptor), changed: fstatSync(descriptor, { bigint: true }).mtimeNs };
}

/** @returns bytes and files of room; null where the folder can't be written. The path is text. */
export function roomIn(folder: string): { readonly bytes: number; readonly files: number | null } | null {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize, ffree, files } = statfsSync(folder);
    return { bytes: bavail * bsize, files: files > 0 ? ffree : null };
  } catch {
    return null;
  }
}

/** @returns what is in a folder, each by its name in octets, one to a character.  Throws where it can't be read. */
export function readFolder(folder: string): { readonly name: string; readonly entry: Dirent<Buffer> }[] {
  const open = opendirSync(octetsOf(folder), { encoding: 'buffer' as BufferEncoding });
  const found: { name: string; entry: Dirent<Buffer> }[] = [];
  try {
    for (let next = open.readSync(); next !== null; next = open.readSync()) {
      const entry = next as unknown as Dirent<Buffer>;
      found.push({ name: entry.name.toString('latin1'), entry });
    }
  } finally {
    open.closeSync();
  }
  return found;
}
