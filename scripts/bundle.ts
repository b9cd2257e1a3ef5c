// Compiles and bundles src/ into dist/: one entry per program, shared chunks, no TypeScript at run time.
// Usage: bundle.ts [FOLDER [REMOVALS]]   With a file of removals it is the program without them, for an attack to succeed.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { build } from 'esbuild';

const [outdir = 'dist', removals] = process.argv.slice(2);
const plugins = removals === undefined ? [] : [(await import('./removals.ts')).removing(removals)];
await rm(outdir, { recursive: true, force: true });
const { outputFiles } = await build({
  entryPoints: { cloister: 'src/main.ts' },
  outdir,
  plugins,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  minifySyntax: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  external: ['node-pty'],
  alias: { 'dns2/packet': './node_modules/dns2/packet.js' },
  logLevel: 'warning',
  write: false,
});
for (const { path, text } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, takeBuiltins(text));
}

/**
 * Takes Node's own modules as require() would, where a program imports them. An import reads all that a module
 * exports, and some of it is made only when it is read: fs loads its promises, streams and readline, crypto its twin of
 * the web. That is a tenth of the processor time of every start.
 */
function takeBuiltins(text: string): string {
  const taken: string[] = [];
  const rest = text.replace(
    /^import (?:(\w+)|\* as (\w+)|\{([^}]*)\}) from "([^"]+)";\n/gm,
    (line: string, whole: string | undefined, all: string | undefined, some = '', name = '') => {
      if (!isBuiltin(name)) return line;
      const names = whole ?? all ?? `{${some.replaceAll(' as ', ': ')}}`;
      taken.push(`const ${names} = process.getBuiltinModule(${JSON.stringify(name)});\n`);
      return '';
    },
  );
  // What is no ES module asks for Node's own by this name, and for nothing else: the rest is bundled.
  if (rest.includes('typeof require')) taken.push('const require = process.getBuiltinModule;\n');
  return taken.join('') + rest;
}
