import type { Git } from '../git.ts';

/** One entry of the index. */
export interface Entry {
  readonly path: string;
  readonly mode: string;
  readonly id: string;
  readonly stage: number;
}

/** With what the index says of its file. */
export interface Listed extends Entry {
  /** It is not to be in the working tree. */
  readonly isSkipped: boolean;
  /** It is meant to be added, and its content is not staged. */
  readonly isLater: boolean;
  /** What it looked like when it was staged: nanoseconds, and the low 32 bits of the others. */
  readonly times: {
    readonly size: number;
    readonly mtime: bigint;
    readonly ctime: bigint;
    readonly ino: number;
  };
}

const intentToAdd = 0x20000000;

/** Reads an index that is our copy. Throws for one that names what can stand in no tree. */
export async function listIndex(git: Git): Promise<Listed[]> {
  const pieces: Buffer[] = [];
  const args = ['ls-files', '-v', '-s', '--debug', '-z'];
  // Of a large tree it says more than is kept of a program's words.
  await git.run(args, { onOutput: (octets) => void pieces.push(octets) });
  return parseListing(Buffer.concat(pieces).toString('latin1').split('\0'));
}

/** @param parts what `ls-files -v -s --debug -z` prints, cut at the NULs: each but the first begins with the last one's times. */
export function parseListing(parts: readonly string[]): Listed[] {
  const listed: Listed[] = [];
  for (let at = 0; at + 1 < parts.length; at++) {
    const head = entry.exec(afterTimes(parts[at] ?? ''));
    if (head === null) throw new Error('git ls-files told what is no entry');
    const [, tag = '', mode = '', id = '', stage = '', path = ''] = head;
    if (!isPath(path)) throw new Error('the index names a path that can stand in no tree');
    const said = timesOf(parts[at + 1] ?? '');
    const isSkipped = tag.toUpperCase() === 'S';
    listed.push({
      path,
      mode,
      id,
      stage: Number(stage),
      isSkipped,
      isLater: (said.flags & intentToAdd) !== 0,
      times: said,
    });
  }
  return listed;
}

const entry = /^(\S) ([0-7]{6}) ([0-9a-f]{40,64}) ([0-3])\t(.*)$/s;
const times =
  /^ {2}ctime: (\d+):(\d+)\n {2}mtime: (\d+):(\d+)\n {2}dev: \d+\tino: (\d+)\n {2}uid: \d+\tgid: \d+\n {2}size: (\d+)\tflags: ([0-9a-f]+)\n/;

function afterTimes(part: string): string {
  return part.replace(times, '');
}

function timesOf(part: string) {
  const [, cs = '0', cn = '0', ms = '0', mn = '0', ino = '0', size = '0', flags = '0'] =
    times.exec(part) ?? [];
  const nanoseconds = (seconds: string, rest: string) => BigInt(seconds) * 1_000_000_000n + BigInt(rest);
  return {
    ctime: nanoseconds(cs, cn),
    mtime: nanoseconds(ms, mn),
    ...{ ino: Number(ino), size: Number(size), flags: Number.parseInt(flags, 16) },
  };
}

function isPath(path: string): boolean {
  return path.split('/').every((name) => !['', '.', '..'].includes(name) && name.toLowerCase() !== '.git');
}
