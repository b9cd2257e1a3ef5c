// Compiles and bundles src/ into dist/: shared chunks for what an operator types, a few files or one for each program that
// starts often or while the boot waits, and a door that knows which is which. No TypeScript at run time.
// Usage: bundle.ts [FOLDER [REMOVALS]]   With a file of removals it is the program without them, for an attack to succeed.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/** Every module that Node has to find, read and link costs a third of a millisecond of processor time at each start. */
const small = ['hook', 'health', 'provision-home'];
/** These live on, or load some of their parts at certain starts alone: a few files each. */
const large = ['init', 'init-resumed', 'egress', 'rescue', 'verify'];
/** What a small one loads when it needs it, and many never do; no class is told by its kind across this border. */
const parts = ['src/host/children.ts', 'src/host/local-socket.ts'];
const main = 'src/main.ts';
const [outdir = 'dist', removals] = process.argv.slice(2);

await rm(outdir, { recursive: true, force: true });
if (removals === undefined) await bundleAll();
else {
  // Whatever it is packed into, it is the same program: in one piece a removal is found, or is seen to be idle.
  const { removing } = await import('./removals.ts');
  await bundle({ entryPoints: { cloister: main }, splitting: true, plugins: [removing(removals)] });
}

async function bundleAll(): Promise<void> {
  await bundle({ entryPoints: { main }, splitting: true });
  for (const name of small) await bundle({ entryPoints: { [name]: main }, plugins: [only(name), apart()] });
  for (const name of large)
    await bundle({ entryPoints: { [name]: main }, splitting: true, plugins: [only(name)] });
  for (const part of parts) await bundle({ entryPoints: { [nameOf(part)]: part } });
  const programs = JSON.stringify([...small, ...large]);
  const door = `const name = process.argv[2];\nawait import(${programs}.includes(name) ? \`./\${name}.mjs\` : './main.mjs');\n`;
  await writeFile(join(outdir, 'cloister.mjs'), door);
}

async function bundle(options: BuildOptions): Promise<void> {
  const { outputFiles = [] } = await build({
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minifySyntax: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    external: ['node-pty'],
    alias: { 'dns2/packet': './node_modules/dns2/packet.js' },
    logLevel: 'warning',
    ...options,
    write: false,
  });
  for (const { path, text } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, takeBuiltins(text));
  }
}

/** Leaves every other command's code out of a program, and has what it always needs come with it in the same file. */
function only(name: string): Plugin {
  return {
    name: 'only',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/main\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const table = /(const commands: [^\n]*= \{\n)(.*?)(\n\};\n)/s;
        const entries = table.exec(text)?.[2]?.split(/\n(?= {2}[^ }])/) ?? [];
        const own = entries.filter((entry) => new RegExp(`^ {2}'?${name}'?:`).test(entry));
        if (own.length !== 1) throw new Error(`${path} has no command ${name}, or has it twice`);
        const needed: string[] = [];
        const entry = `${own[0]}`.replaceAll(
          /await import\('([^']+)'\)/g,
          (_, from: string) => `needed${needed.push(from) - 1}`,
        );
        const imports = needed.map((from, index) => `import * as needed${index} from '${from}';\n`);
        const contents = text.replace(table, (_, head, __, tail) => `${head}${entry}${tail}`);
        return { contents: imports.join('') + contents, loader: 'ts' };
      });
    },
  };
}

function apart(): Plugin {
  return {
    name: 'apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return null;
        const part = parts.find((one) => resolve(resolveDir, path) === resolve(one));
        return part === undefined ? null : { path: `./${nameOf(part)}.mjs`, external: true };
      });
    },
  };
}

function nameOf(part: string): string {
  return `part-${basename(part, '.ts')}`;
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
