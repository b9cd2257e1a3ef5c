import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';

/** The agent's files, read as the agent. Paths are octets, one to a character. */
export function octetsOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** Throws where it can't be read. */
export function readOctets(path: string): Buffer {
  return readFileSync(octetsOf(path));
}

export function readLink(path: string): Buffer {
  return readlinkSync(octetsOf(path), { encoding: 'buffer' });
}

/** @returns the file itself, past every link.  Throws where there is none. The path is text. */
export function realPathOf(path: string): string {
  return realpathSync(path);
}

/** Throws where it can't be read. The path is text. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** @returns the text of a plain file of at most so many octets, or null. The path is text, and links are followed. */
export function readTextIfSmall(path: string, most: number): string | null {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= most ? readFileSync(path, 'utf8') : null;
  } catch {
    return null;
  }
}

export function exists(path: string): boolean {
  return existsSync(path);
}

export function listNames(path: string): string[] {
  return readdirSync(path);
}

export function close(descriptor: number): void {
  closeSync(descriptor);
}

export function statOf(path: string): Stats | null {
  try {
    return lstatSync(octetsOf(path));
  } catch {
    return null;
  }
}

/** A pipe would never end, a device neither, and a huge file would take the memory. */
export function readSmall(path: string, most = 4_000_000): Buffer | null {
  const file = openPlain(path);
  if (file === null) return null;
  try {
    return file.size > most ? null : readFileSync(file.descriptor);
  } catch {
    return null;
  } finally {
    closeSync(file.descriptor);
  }
}

export function readLatin1(path: string, most?: number): string | null {
  return readSmall(path, most)?.toString('latin1') ?? null;
}

/** @returns null for what is no plain file, or can't be opened. Links to one are followed unless told otherwise. */
export function openPlain(
  path: string,
  { follow = true } = {},
): { readonly descriptor: number; readonly size: number } | null {
  let descriptor: number;
  try {
    // Even to open a pipe or a device would be felt on its other side; one that takes the place meanwhile does not block.
    const seen = follow ? statSync(octetsOf(path)) : lstatSync(octetsOf(path));
    if (!seen.isFile()) return null;
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
    descriptor = openSync(octetsOf(path), flags);
  } catch {
    return null;
  }
  const stat = fstatSync(descriptor);
  if (stat.isFile()) return { descriptor, size: stat.size };
  closeSync(descriptor);
  return null;
}

/** @returns the first octets of a file, as text. */
export function beginningOf(path: string, most: number): string {
  const file = openSync(path, 'r');
  try {
    const octets = Buffer.alloc(most);
    return octets.toString('utf8', 0, readSync(file, octets, 0, most, 0));
  } finally {
    closeSync(file);
  }
}

const piece = 1_048_576;

/** Reads exactly `size` octets in pieces; those that are no longer there are zeros, and `short` is told. */
export function* readPieces(descriptor: number, size: number, short: () => void): Generator<Buffer> {
  for (let left = size; left > 0; ) {
    const buffer = Buffer.alloc(Math.min(piece, left));
    const count = readSync(descriptor, buffer, 0, buffer.length, null);
    if (count === 0) short();
    const octets = count === 0 ? buffer : buffer.subarray(0, count);
    left -= octets.length;
    yield octets;
  }
}

/** @returns the paths of plain files below a folder, relative to it; at most so many. `strange` hears of the others. */
export function filesBelow(
  folder: string,
  most: number,
  strange: (path: string) => void = () => {},
): string[] {
  const found: string[] = [];
  const visit = (prefix: string) => {
    for (const entry of entriesOf(`${folder}/${prefix}`)) {
      if (found.length >= most) return;
      const path = `${prefix}${entry.name.toString('latin1')}`;
      if (entry.isDirectory()) visit(`${path}/`);
      else if (entry.isFile()) found.push(path);
      else if (!entry.isSymbolicLink()) strange(path);
    }
  };
  visit('');
  return found.sort();
}

export function entriesOf(folder: string) {
  const entries = [];
  try {
    const open = opendirSync(octetsOf(folder), { encoding: 'buffer' as BufferEncoding });
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) entries.push(entry);
    open.closeSync();
  } catch {
    // What can't be read has nothing for us.
  }
  return entries as unknown as {
    name: Buffer;
    isDirectory(): boolean;
    isFile(): boolean;
    isSymbolicLink(): boolean;
  }[];
}

/** @returns the names in a folder; none where it can't be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(octetsOf(folder), 'latin1');
  } catch {
    return [];
  }
}
