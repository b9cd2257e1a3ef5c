import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import type { FileFacts, Files } from './host.ts';
import { readBounded } from './read-bounded.ts';

/** Root's files on the real file system. Synchronous: they are small, and order matters more than overlap. */
export const realFiles: Files = {
  read: (path) => readFileSync(path, 'utf8'),
  readBounded,
  readIfAny: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  list: (path, most) => {
    try {
      return (most === undefined ? readdirSync(path) : firstIn(path, most)).sort();
    } catch {
      return [];
    }
  },
  write: (path, text, mode) => {
    const draft = `${path}.new`;
    rmSync(draft, { force: true });
    writeFileSync(draft, text, { mode, flag: 'wx' });
    chmodSync(draft, mode);
    renameSync(draft, path);
  },
  append: (path, text) => appendFileSync(path, text, { mode: 0o600 }),
  ensureFolder: (path, { mode, uid, gid }) => {
    mkdirSync(path, { recursive: true });
    if (uid !== undefined || gid !== undefined) chownSync(path, uid ?? 0, gid ?? 0);
    chmodSync(path, mode);
  },
  give: (path, { mode, uid, gid }) => {
    const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      fchownSync(folder, uid, gid);
      fchmodSync(folder, mode);
    } finally {
      closeSync(folder);
    }
  },
  facts,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  space: (path) => {
    const { bsize, blocks, bfree, files, ffree } = statfsSync(path);
    return { size: blocks * bsize, used: (blocks - bfree) * bsize, inodes: files, inodesUsed: files - ffree };
  },
};

function firstIn(path: string, most: number): string[] {
  const folder = opendirSync(path);
  const names: string[] = [];
  try {
    for (let entry = folder.readSync(); entry !== null && names.length < most; entry = folder.readSync())
      names.push(entry.name);
  } finally {
    folder.closeSync();
  }
  return names;
}

function facts(path: string): FileFacts | null {
  try {
    const stat = lstatSync(path);
    const kind = stat.isFile()
      ? 'file'
      : stat.isDirectory()
        ? 'folder'
        : stat.isSymbolicLink()
          ? 'link'
          : 'other';
    return { uid: stat.uid, gid: stat.gid, mode: stat.mode & 0o7777, kind };
  } catch {
    return null;
  }
}
