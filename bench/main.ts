// Runs every file in rows/ (or those named), prints the table and writes results.json.
// Usage: main.ts [NAME...]   With names the other rows of results.json stay as they are.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measure, Row } from './row.ts';
import { renderTable } from './table.ts';

const here = import.meta.dirname;
const results = join(here, 'results.json');

process.exitCode = await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<number> {
  const all = readdirSync(join(here, 'rows'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3))
    .sort();
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    console.error(`bench: no rows named ${unknown.join(', ')}; there are ${all.join(', ')}`);
    return 64;
  }
  const failures: string[] = [];
  const measured: Row[] = [];
  for (const name of names.length > 0 ? names : all) {
    console.error(`bench: measuring ${name}`);
    try {
      measured.push(...(await measure(name)));
    } catch (error) {
      failures.push(`bench: ${name} could not be measured: ${(error as Error).message}`);
    }
  }
  process.stdout.write(renderTable(measured));
  const rows = names.length > 0 || failures.length > 0 ? merged(measured) : measured;
  writeFileSync(results, `${JSON.stringify(rows, null, 2)}\n`);
  for (const failure of failures) console.error(failure);
  return failures.length > 0 ? 1 : 0;
}

async function measure(name: string): Promise<Row[]> {
  const module = (await import(join(here, 'rows', `${name}.ts`))) as { default: Measure };
  return module.default();
}

function merged(rows: readonly Row[]): Row[] {
  const fresh = new Set(rows.map(({ name }) => name));
  return [...earlier().filter(({ name }) => !fresh.has(name)), ...rows];
}

function earlier(): Row[] {
  try {
    return JSON.parse(readFileSync(results, 'utf8')) as Row[];
  } catch {
    return [];
  }
}
