import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Files by their path from the root of the repository. */
export type Tree = ReadonlyMap<string, string>;

export interface Import {
  readonly from: string;
  readonly to: string;
  /** Only types: nothing of the other file is there at run time. */
  readonly typeOnly: boolean;
}

/** Every file of the project, also one not committed yet. */
export function readTree(): Tree {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  const paths = listed
    .split('\n')
    .filter((path) => path !== '' && lstatSync(path, { throwIfNoEntry: false })?.isFile());
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

export function sourcesOf(tree: Tree): [path: string, text: string][] {
  return [...tree].filter(([path]) => path.startsWith('src/') && path.endsWith('.ts'));
}

/** Every import of the product, a file of ours by its path in the tree. */
export function importsOf(tree: Tree): Import[] {
  return sourcesOf(tree).flatMap(([from, text]) => {
    const still = [...text.matchAll(/^(?:import|export) ([^;]*?)from '([^']+)'/gms)];
    const late = [...text.matchAll(/import\('([^']+)'\)/g)].map(([, to]) => ['', '', to]);
    const bare = [...text.matchAll(/^import '([^']+)'/gm)].map(([, to]) => ['', '', to]);
    return [...still, ...late, ...bare].map(([, names = '', to = '']) => ({
      from,
      to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to,
      typeOnly: /^type\b/.test(names) || everyNameIsType(names),
    }));
  });
}

function everyNameIsType(names: string): boolean {
  if (!/^\{.*\}\s*$/s.test(names)) return false;
  const list = names
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return list.length > 0 && list.every((name) => name.startsWith('type '));
}

export function roomOf(path: string): string {
  return path === 'src/main.ts' ? 'main' : (/^src\/([^/]+)\//.exec(path)?.[1] ?? '');
}

/** A file without its comments. */
export function codeOf(text: string): string {
  return text.replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '');
}
