import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Builds the program without some of its controls: the product has no switch for them, and an attack has to be seen
 * succeeding without what stops it. A file of removals exports what stands in place of symbols that src exports under
 * the same names; what it imports from src is what was there. Throws where a name has no home in src, or several.
 */
export function removing(removals: string, sources = 'src'): Plugin {
  const file = resolve(removals);
  const homes = findHomes(exportsOf(readFileSync(file, 'utf8')), sources);
  return {
    name: 'removals',
    setup: (build) => {
      const reached = new Set<string>();
      build.onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) => {
        const wanted = resolve(resolveDir, path);
        if (importer === file && homes.has(wanted)) return { path: wanted, suffix: '?original' };
        return undefined;
      });
      build.onLoad({ filter: /\.ts$/ }, ({ path, suffix }) => {
        const symbols = homes.get(path);
        if (symbols === undefined || suffix !== '') return undefined;
        reached.add(path);
        const text = readFileSync(path, 'utf8');
        return {
          contents: symbols.reduce((all, symbol) => replaceIn(all, symbol, file), text),
          loader: 'ts',
        };
      });
      build.onEnd(() => {
        const idle = [...homes].filter(([path]) => !reached.has(path)).flatMap(([, symbols]) => symbols);
        if (idle.length > 0) throw new Error(`${removals}: the program has no ${idle.join(', ')} to replace`);
      });
    },
  };
}

const declaration = /^export ((?:async )?function\*?|const|class) ([A-Za-z_$][\w$]*)/gm;

function exportsOf(text: string): string[] {
  return [...text.matchAll(declaration)].map(([, , name = '']) => name);
}

/** @returns the names to replace, by the absolute path of the file that exports them. */
function findHomes(names: readonly string[], sources: string): Map<string, string[]> {
  if (names.length === 0) throw new Error('a file of removals that exports nothing removes nothing');
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => resolve(sources, path));
  const exported = files.map((path) => ({ path, names: exportsOf(readFileSync(path, 'utf8')) }));
  const homes = new Map<string, string[]>();
  for (const name of names) {
    const [home, ...others] = exported.filter((one) => one.names.includes(name)).map(({ path }) => path);
    if (home === undefined) throw new Error(`nothing in ${sources} exports ${name}`);
    if (others.length > 0) throw new Error(`${name} is exported by ${[home, ...others].join(' and ')}`);
    homes.set(home, [...(homes.get(home) ?? []), name]);
  }
  return homes;
}

/** What the file itself says by that name means the replacement, too. */
function replaceIn(text: string, symbol: string, removals: string): string {
  const replaced = text.replace(declaration, (all, kind: string, name: string) =>
    name === symbol ? `${kind} ${name}WithControl` : all,
  );
  return `${replaced}\nimport { ${symbol} } from ${JSON.stringify(removals)};\nexport { ${symbol} };\n`;
}
