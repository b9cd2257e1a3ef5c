// Fills Node's compile cache for a bundle while the image is built, so that every start skips compiling.
// Usage: warm.ts DIRECTORY UID...   The cache is DIRECTORY/cache, owned by whoever runs this.
// Only root's entries are made: Node keeps one folder a uid, and a folder that the agent could write
// would let it choose the code that root runs. The other uids get a link to root's folder.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const [directory = '.', ...uids] = process.argv.slice(2);
const cache = join(directory, 'cache');
mkdirSync(cache, { recursive: true });

// First as they are called, so that what runs then is there compiled: of a module that is only imported its functions are
// not. Each ends at once here, with an answer or a fault, and by no clock and no network: the octets stay the same.
const hooks = ['status-line', 'refusals', 'format', 'settings-guard', 'session-name', 'fork-sync'];
for (const args of [
  ['version'],
  ...hooks.map((name) => ['hook', name]),
  ['health'],
  ['provision-home'],
  ['rescue'],
  ['egress'],
  ['init'],
  ['init-resumed'],
])
  run([join(directory, 'cloister.mjs'), ...args]);
run([join(directory, 'cloister.mjs'), 'verify', '--none']);
// The bundler puts a hash in the names of what is imported, and says of a part that it is one; a program's own file would
// run.
const chunks = readdirSync(directory).filter((name) => /^part-|-[A-Z0-9]{8}\.mjs$/.test(name));
const imports = chunks.map((name) => `await import(${JSON.stringify(join(directory, name))});`).join('');
run(['--input-type=module', '-e', imports]);
for (const folder of readdirSync(cache)) linkForOthers(folder);

/**
 * A program that fails to answer costs its cache, not the build: it is tested elsewhere. V8's seed goes into the
 * cache: with a fixed one the same program gives the same octets. Whoever reads the cache has a seed of its own.
 */
function run(args: readonly string[]): void {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', NODE_COMPILE_CACHE: cache };
  const { signal, status, stderr } = spawnSync(process.execPath, ['--random-seed=1', ...args], {
    env,
    input: '{}',
    cwd: '/',
    encoding: 'utf8',
    timeout: 30_000,
  });
  // Most have nothing to work with here.
  if (signal !== null || (args[0] === '--input-type=module' && status !== 0))
    console.warn(`warm: ${args.at(-1)} ended with ${status ?? signal}: ${stderr.slice(-500)}`);
}

function linkForOthers(folder: string): void {
  const [own] = /\d+$/.exec(folder) ?? [];
  if (own !== '0') return;
  for (const uid of uids.filter((uid) => uid !== own)) {
    symlinkSync(folder, join(cache, folder.replace(/\d+$/, uid)));
  }
}
