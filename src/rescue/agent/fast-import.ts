import { close, openPlain, readLink, readPieces } from '../../host/agent-files.ts';
import { quotePath } from '../git.ts';
import type { LeftOut } from '../protocol.ts';
import type { Candidate } from './choose.ts';
import type { Scan } from './secret-scan.ts';

/** Text of a stream for git fast-import; see git-fast-import(1). */
export function renderCommit(commit: {
  readonly mark: number;
  readonly who: string;
  readonly message: string;
  /** Ids or marks. */
  readonly parents: readonly string[];
  /** Lines that make its tree out of nothing. */
  readonly tree: readonly string[];
}): Buffer {
  const message = Buffer.from(commit.message);
  const [from, ...merged] = commit.parents;
  return Buffer.concat([
    Buffer.from(
      `commit refs/heads/made\nmark :${commit.mark}\ncommitter ${commit.who}\ndata ${message.length}\n`,
    ),
    message,
    Buffer.from(
      [
        '',
        ...(from === undefined ? [] : [`from ${from}`]),
        ...merged.map((parent) => `merge ${parent}`),
        'deleteall',
        ...commit.tree,
        '',
      ].join('\n'),
    ),
  ]);
}

/** A line that puts something into a commit's tree. */
export function put(mode: string, what: string, path: string): string {
  return `M ${mode} ${what} ${quotePath(path)}`;
}

export function take(path: string): string {
  return `D ${quotePath(path)}`;
}

export function renderBlob(mark: number, octets: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`blob\nmark :${mark}\ndata ${octets.length}\n`),
    octets,
    Buffer.from('\n'),
  ]);
}

/** A file of our own, as it is. */
export function* streamPack(path: string, mark: number): Generator<Buffer> {
  const open = openPlain(path, { follow: false });
  if (open === null) throw new Error('a pack of ours cannot be read');
  try {
    yield Buffer.from(`blob\nmark :${mark}\ndata ${open.size}\n`);
    yield* readPieces(open.descriptor, open.size, () => {});
    yield Buffer.from('\n');
  } finally {
    close(open.descriptor);
  }
}

/** What became of the files while they were read. */
export interface Taken {
  /** Lines for the tree. */
  readonly lines: string[];
  readonly leftOut: LeftOut[];
  bytes: number;
}

/**
 * Reads the chosen files into a stream, each once and as it is now. One that holds a secret, changes meanwhile or
 * can't be read is in no tree, and so is never pushed.
 */
export function* streamFiles(
  folder: string,
  files: readonly Candidate[],
  facts: { firstMark: number; newScan: () => Scan; taken: Taken },
): Generator<Buffer> {
  const { taken } = facts;
  let mark = facts.firstMark;
  for (const file of files) {
    mark += 1;
    const why =
      file.kind === 'link'
        ? yield* streamLink(folder, file, mark, facts.newScan())
        : yield* streamFile(folder, file, mark, facts.newScan());
    if (why !== null) {
      taken.leftOut.push({ path: file.path, why });
      continue;
    }
    taken.bytes += file.size;
    taken.lines.push(put(file.mode, `:${mark}`, file.path));
  }
}

type Why = 'content' | 'changed' | 'unreadable' | null;

function* streamFile(folder: string, file: Candidate, mark: number, scan: Scan): Generator<Buffer, Why> {
  const open = openPlain(`${folder}/${file.path}`, { follow: false });
  if (open === null) return 'unreadable';
  // It may have grown since the choice was made.
  if (open.size > 2 * file.size + 1_000_000) {
    close(open.descriptor);
    return 'changed';
  }
  let short = false;
  try {
    yield Buffer.from(`blob\nmark :${mark}\ndata ${open.size}\n`);
    const pieces = readPieces(open.descriptor, open.size, () => {
      short = true;
    });
    for (const piece of pieces) {
      scan.take(piece);
      yield piece;
    }
    yield Buffer.from('\n');
  } finally {
    close(open.descriptor);
  }
  if (scan.found) return 'content';
  return short ? 'changed' : null;
}

function* streamLink(folder: string, file: Candidate, mark: number, scan: Scan): Generator<Buffer, Why> {
  let target: Buffer;
  try {
    target = readLink(`${folder}/${file.path}`);
  } catch {
    return 'changed';
  }
  scan.take(target);
  if (scan.found) return 'content';
  yield renderBlob(mark, target);
  return null;
}
