import { isExcused, mayLoad, order } from './rooms.ts';
import { codeOf, type Import, importsOf, roomOf, sourcesOf, type Tree } from './tree.ts';

/** A rule reads a tree and says what is against it, one line for each place; nothing when all is well. */
export type Rule = (tree: Tree) => string[];

export const importsAgainstDirection: Rule = (tree) =>
  shown(
    importsOf(tree).filter(({ from, to, typeOnly }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      if (typeOnly || other === '' || other === room || isExcused(from, to)) return false;
      return !mayLoad[room]?.includes(other);
    }),
  );

/** Files that need each other, be it for a type, can't be read one after the other. */
export const importCircles: Rule = (tree) => {
  const imports = Map.groupBy(importsOf(tree), ({ from }) => from);
  const done = new Set<string>();
  const found: string[] = [];
  const follow = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path);
    if (at >= 0) found.push([...way.slice(at), path].join(' -> '));
    if (at >= 0 || done.has(path)) return;
    for (const { to } of imports.get(path) ?? []) follow(to, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) follow(path, []);
  return found;
};

export const unknownRooms: Rule = (tree) =>
  [...new Set(sourcesOf(tree).map(([path]) => roomOf(path)))].filter((room) => !(room in mayLoad));

/** Types are seen only of rooms below, and of settings. */
export const typesFromAbove: Rule = (tree) =>
  shown(
    importsOf(tree).filter(({ from, to, typeOnly }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      if (!typeOnly || other === '' || other === 'settings') return false;
      return order.indexOf(other) > order.indexOf(room);
    }),
  );

/** Rooms side by side are brought together above, by init and boot. */
export const importsBetweenSiblings: Rule = (tree) => {
  const siblings = ['network', 'hooks', 'terminal', 'rescue'];
  return shown(
    importsOf(tree).filter(({ from, to }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      return room !== other && siblings.includes(room) && siblings.includes(other);
    }),
  );
};

/** Settings are seen as types, except at the door. */
export const settingsPastTheDoor: Rule = (tree) =>
  shown(
    importsOf(tree).filter(({ from, to, typeOnly }) => {
      if (typeOnly || roomOf(to) !== 'settings' || isExcused(from, to)) return false;
      return !['settings', 'main'].includes(roomOf(from));
    }),
  );

export const makersOfTheHost: Rule = (tree) =>
  shown(importsOf(tree).filter(({ from, to }) => to === 'src/host/real-host.ts' && from !== 'src/main.ts'));

export const programsOutsideHost: Rule = (tree) =>
  importedOutsideHost(tree, /^(node:child_process|child_process|execa|node-pty)$/);

export const filesOutsideHost: Rule = (tree) => importedOutsideHost(tree, /^(node:)?fs(\/promises)?$/);

/** Only host touches the process; main may read its arguments, its streams, and exit. */
export const processOutsideHost: Rule = (tree) =>
  sourcesOf(tree)
    .filter(([path]) => roomOf(path) !== 'host')
    .flatMap(([path, text]) =>
      [...codeOf(text).matchAll(/\bprocess\??\.(\w+)/g)].map((match) => `${path}: process.${match[1]}`),
    )
    .filter((touch) => !/^src\/main\.ts: process\.(argv|stdin|stderr|exit)$/.test(touch));

/** @returns the files that end the program, once for each place. */
export const placesOfExit: Rule = (tree) =>
  sourcesOf(tree).flatMap(([path, text]) => [...codeOf(text).matchAll(/process\.exit\b/g)].map(() => path));

export const fakesInTheProduct: Rule = (tree) =>
  shown(importsOf(tree).filter(({ from, to }) => /\/fake-/.test(to) && !/\/fake-/.test(from)));

export const longFiles: Rule = (tree) =>
  sourcesOf(tree)
    .map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > (path === 'src/main.ts' ? 60 : 200))
    .map(({ path, lines }) => `${path} has ${lines} lines`);

/** Two types of one name are two meanings of one word. */
export const typesOfOneName: Rule = (tree) => {
  const places = new Map<string, string[]>();
  for (const [path, text] of sourcesOf(tree)) {
    const declared = /^export (?:declare )?(?:abstract )?(?:interface|type|class|enum) (\w+)/gm;
    for (const [, name = ''] of codeOf(text).matchAll(declared))
      places.set(name, [...(places.get(name) ?? []), path]);
  }
  return [...places]
    .filter(([, paths]) => new Set(paths).size > 1)
    .map(([name, paths]) => `${name}: ${paths.join(', ')}`);
};

export const roomsWithoutReadme: Rule = (tree) => {
  const rooms = new Set(sourcesOf(tree).map(([path]) => roomOf(path)));
  return [...rooms].filter((room) => room !== 'main' && room !== '' && !tree.has(`src/${room}/README.md`));
};

function importedOutsideHost(tree: Tree, what: RegExp): string[] {
  return shown(
    importsOf(tree).filter(({ from, to, typeOnly }) => !typeOnly && roomOf(from) !== 'host' && what.test(to)),
  );
}

function shown(imports: readonly Import[]): string[] {
  return imports.map(({ from, to }) => `${from} -> ${to}`);
}
