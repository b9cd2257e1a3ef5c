import { isExcused, type User, users } from './rooms.ts';
import { importsOf, sourcesOf, type Tree } from './tree.ts';

/**
 * Nothing that root runs loads what an unprivileged process runs, itself or through a file that runs under everybody's
 * user. Both meet in a `protocol.ts`, whose parser root may load.
 */
export function rootLoadsUnprivileged(tree: Tree, doors: Readonly<Record<string, User>> = users): string[] {
  const loads = Map.groupBy(
    importsOf(tree).filter(({ typeOnly }) => !typeOnly),
    ({ from }) => from,
  );
  const found = new Set<string>();
  const seen = new Set<string>();
  const waiting = sourcesOf(tree)
    .map(([path]) => path)
    .filter((path) => userOf(path, doors) === 'root');
  for (const path of waiting) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const one of loads.get(path) ?? []) {
      if (isExcused(one.from, one.to)) continue;
      if (isUnprivileged(one.to, doors)) found.add(`${one.from} -> ${one.to}`);
      else waiting.push(one.to);
    }
  }
  return [...found];
}

/** @returns whose process runs the file, or null for one that runs under everybody's. */
export function userOf(path: string, doors: Readonly<Record<string, User>> = users): User | null {
  const inside = path.replace(/^src\//, '');
  const [door] = Object.keys(doors)
    .filter((name) => inside === name || inside.startsWith(`${name}/`))
    .sort((one, other) => other.length - one.length);
  return door === undefined ? null : (doors[door] ?? null);
}

function isUnprivileged(path: string, doors: Readonly<Record<string, User>>): boolean {
  if (/(^|\/)protocol\.ts$/.test(path)) return false;
  return !['root', null].includes(userOf(path, doors));
}
