import type { Git } from '../git.ts';
import type { Scan } from './secret-scan.ts';

export interface NewObject {
  readonly id: string;
  /** Where it stands in some tree; empty for a commit. */
  readonly path: string;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
}

/** @returns the types of those of the objects that are here. */
export async function present(git: Git, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const lines = (await git.text(['cat-file', '--batch-check'], `${ids.join('\n')}\n`)).split('\n');
  const words = lines.filter((line) => !line.endsWith(' missing')).map((line) => line.split(' '));
  return new Map(words.map(([id = '', type = '']) => [id, type]));
}

/** @returns every object below these tips that is not below one that the remote has; trees are left out. */
export async function newObjects(
  git: Git,
  tips: readonly string[],
  known: readonly string[],
): Promise<NewObject[]> {
  if (tips.length === 0) return [];
  const asked = [...tips, ...known.map((id) => `^${id}`), ''].join('\n');
  const listed = await git.text(['rev-list', '--objects', '--stdin'], asked);
  const paths = new Map(
    listed
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [
        line.split(' ', 1)[0] ?? '',
        line.includes(' ') ? line.slice(line.indexOf(' ') + 1) : '',
      ]),
  );
  if (paths.size === 0) return [];
  const form = '--batch-check=%(objectname) %(objecttype) %(objectsize)';
  const lines = (await git.text(['cat-file', '--buffer', form], `${[...paths.keys()].join('\n')}\n`)).split(
    '\n',
  );
  if (lines.some((line) => line.endsWith(' missing'))) throw new Error('an object cannot be read');
  return lines
    .map((line) => line.split(' '))
    .map(([id = '', type = '', size]) => ({ id, type, size: Number(size), path: paths.get(id) ?? '' }))
    .filter(({ type }) => type !== 'tree');
}

/** Reads these objects whole and scans them.  @returns those in which the scan found something. */
export async function scanObjects(
  git: Git,
  objects: readonly NewObject[],
  newScan: () => Scan,
): Promise<NewObject[]> {
  if (objects.length === 0) return [];
  const found = new Set<string>();
  const reader = readBatch(newScan, (id) => found.add(id));
  const stdin = objects.map(({ id }) => `${id}\n`).join('');
  await git.run(['cat-file', '--batch', '--buffer'], { stdin, onOutput: reader });
  return objects.filter(({ id }) => found.has(id));
}

/** Reads what `cat-file --batch` prints: a line `ID TYPE SIZE`, so many octets, a newline, and so on. */
export function readBatch(newScan: () => Scan, hit: (id: string) => void): (octets: Buffer) => void {
  let head = '';
  let left = -1;
  let scan = newScan();
  let id = '';
  return (octets) => {
    for (let at = 0; at < octets.length; ) {
      if (left < 0) {
        const end = octets.indexOf(0x0a, at);
        head += octets.toString('latin1', at, end < 0 ? octets.length : end);
        if (end < 0) return;
        at = end + 1;
        const words = head.split(' ');
        [id = ''] = words;
        head = '';
        if (words.length !== 3) continue;
        left = Number(words[2]) + 1;
        scan = newScan();
      }
      const piece = octets.subarray(at, at + left);
      scan.take(left === piece.length ? piece.subarray(0, -1) : piece);
      left -= piece.length;
      at += piece.length;
      if (left > 0) continue;
      left = -1;
      if (scan.found) hit(id);
    }
  };
}
