// Compiles and bundles src/ into dist/: one entry per program, shared chunks, no TypeScript at run time.
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const nodeRequire =
  "import { createRequire as cloisterRequire } from 'node:module';const require = cloisterRequire(import.meta.url);";

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: { cloister: 'src/main.ts' },
  outdir: 'dist',
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
