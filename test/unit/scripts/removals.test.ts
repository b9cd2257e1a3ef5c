import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { removing } from '../../../scripts/removals.ts';

const firewall =
  "export function isClosed(): boolean { return true; }\nexport const say = () => (isClosed() ? 'closed' : 'open');\n";
const main = "import { isClosed, say } from './firewall.ts';\nexport const said = [isClosed(), say()];\n";

test('a removal stands in place of what src exports by that name, also for the file that exports it', async () => {
  expect(await run({}, null)).toEqual([true, 'closed']);
  expect(await run({}, 'export function isClosed() { return false; }\n')).toEqual([false, 'open']);
});

test('what a removal imports from src is what was there', async () => {
  const removal =
    "import { isClosed as before } from './src/firewall.ts';\nexport const isClosed = () => (before() ? 0 : 1);\n";
  expect(await run({}, removal)).toEqual([0, 'open']);
});

test('a removal fails that finds no such export, several, none at all, or one that the program has no use for', async () => {
  const closed = 'export const isClosed = 1;\n';
  await expect(run({}, 'export const isShut = 1;\n')).rejects.toThrow('exports isShut');
  await expect(run({ 'other.ts': closed }, closed)).rejects.toThrow('isClosed is exported by');
  await expect(run({}, 'const isClosed = 1;\n')).rejects.toThrow('removes nothing');
  await expect(run({ 'idle.ts': 'export const idle = 1;\n' }, 'export const idle = 2;\n')).rejects.toThrow(
    'no idle to replace',
  );
});

test.each(readdirSync('test/attacks/removals'))('each symbol of %s is one of the program', async (file) => {
  const { errors } = await build({
    entryPoints: ['src/main.ts'],
    bundle: true,
    write: false,
    outdir: 'out',
    platform: 'node',
    format: 'esm',
    splitting: true,
    external: ['node-pty'],
    alias: { 'dns2/packet': './node_modules/dns2/packet.js' },
    plugins: [removing(`test/attacks/removals/${file}`)],
    logLevel: 'silent',
  });
  expect(errors).toEqual([]);
});

/** @returns what a program of these files says, built with that removal. */
async function run(more: Record<string, string>, removal: string | null): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'removals-'));
  const sources = join(folder, 'src');
  mkdirSync(sources);
  for (const [name, text] of Object.entries({ 'firewall.ts': firewall, 'main.ts': main, ...more }))
    writeFileSync(join(sources, name), text);
  const file = join(folder, 'removal.ts');
  if (removal !== null) writeFileSync(file, removal);
  const { outputFiles } = await build({
    entryPoints: [join(sources, 'main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    plugins: removal === null ? [] : [removing(file, sources)],
    logLevel: 'silent',
  });
  const text = outputFiles[0]?.text ?? '';
  const module = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { said: unknown };
  return module.said;
}
