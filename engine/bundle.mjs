// Compiles and bundles src/ into dist/: shared chunks for what an operator types, one file for each program that starts
// often or while the boot waits, and a door that knows which is which. No TypeScript at run time.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { build } from 'esbuild';

/** Every module that Node has to find, read and link costs a third of a millisecond of processor time at each start. */
const programs = ['hook', 'health', 'furnish', 'verify'];
/** These live on, or load some of their parts at certain boots alone: a few files each. */
const large = ['init', 'init-resumed', 'egress', 'rescue'];
/** What they load when they need it, and many never do; no class is told by its kind across this border. */
const parts = ['src/host/children.ts', 'src/host/local-socket.ts'];

await rm('dist', { recursive: true, force: true });
await bundle({ entryPoints: { main: 'src/main.ts' }, splitting: true });
for (const name of programs)
  await bundle({ entryPoints: { [name]: 'src/main.ts' }, plugins: [only(name), apart()] });
for (const name of large)
  await bundle({ entryPoints: { [name]: 'src/main.ts' }, splitting: true, plugins: [only(name)] });
for (const part of parts) await bundle({ entryPoints: { [nameOf(part)]: part } });
await writeFile('dist/cloister.mjs', door());

async function bundle(options) {
  const { outputFiles } = await build({
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minifySyntax: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    external: ['node-pty'],
    alias: { 'dns2/packet': './node_modules/dns2/packet.js' },
    logLevel: 'warning',
    write: false,
    ...options,
  });
  for (const { path, text } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, takeBuiltins(text));
  }
}

/** Leaves every other command's code out of a program: the table in main.ts names each on a line or block of its own. */
function only(name) {
  return {
    name: 'only',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/main\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const table = /(const commands: [^\n]*= \{\n)(.*?)(\n\};\n)/s;
        const [, , entries] = table.exec(text) ?? [];
        const own = entries
          ?.split(/\n(?= {2}\S)(?! {2}\})/)
          .filter((entry) => new RegExp(`^ {2}'?${name}'?:`).test(entry));
        if (own?.length !== 1) throw new Error(`src/main.ts has no command ${name}, or has it twice`);
        // What it always needs comes with it, in the same file.
        const needed = [];
        const entry = own[0].replaceAll(
          /await import\('([^']+)'\)/g,
          (_, from) => `needed${needed.push(from) - 1}`,
        );
        const imports = needed.map((from, index) => `import * as needed${index} from '${from}';\n`).join('');
        const contents = imports + text.replace(table, (_, head, __, tail) => head + entry + tail);
        return { contents, loader: 'ts' };
      });
    },
  };
}

function apart() {
  return {
    name: 'apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        const part = parts.find(
          (one) => kind === 'dynamic-import' && resolve(resolveDir, path) === resolve(one),
        );
        return part === undefined ? null : { path: `./${nameOf(part)}.mjs`, external: true };
      });
    },
  };
}

function nameOf(part) {
  return `part-${basename(part, '.ts')}`;
}

function door() {
  return `const name = process.argv[2];
await import(${JSON.stringify([...programs, ...large])}.includes(name) ? \`./\${name}.mjs\` : './main.mjs');
`;
}

/**
 * Takes Node's own modules as require() would, where a program imports them. An import reads all that a module
 * exports, and some of it is made only when it is read: fs loads its promises, streams and readline, crypto its twin of
 * the web. That is a tenth of the processor time of every start.
 */
function takeBuiltins(text) {
  const taken = [];
  const imports = /^import (?:(\w+)|\* as (\w+)|\{([^}]*)\}) from "([^"]+)";\n/gm;
  const rest = text.replace(imports, (line, whole, all, some, name) => {
    if (!isBuiltin(name)) return line;
    const names = whole ?? all ?? `{${some.replaceAll(' as ', ': ')}}`;
    taken.push(`const ${names} = process.getBuiltinModule(${JSON.stringify(name)});\n`);
    return '';
  });
  // What is no ES module asks for Node's own by this name, and for nothing else: the rest is bundled.
  if (rest.includes('typeof require')) taken.push('const require = process.getBuiltinModule;\n');
  return taken.join('') + rest;
}
