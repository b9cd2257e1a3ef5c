// Compiles and bundles src/ into dist/: one entry per program, shared chunks, no TypeScript at run time.
// Usage: bundle.ts [FOLDER [REMOVALS]]   With a file of removals it is the program without them, for an attack to succeed.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const nodeRequire =
  "import { createRequire as cloisterRequire } from 'node:module';const require = cloisterRequire(import.meta.url);";

const [outdir = 'dist', removals] = process.argv.slice(2);
const plugins = removals === undefined ? [] : [(await import('./removals.ts')).removing(removals)];
await rm(outdir, { recursive: true, force: true });
await build({
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
  banner: { js: nodeRequire },
  logLevel: 'warning',
});
