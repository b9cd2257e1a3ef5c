import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stepNames } from '../../src/core/state.ts';
import { schema } from '../../src/settings/schema.ts';
import { secretNames } from '../../src/settings/secrets.ts';

const readme = readFileSync('README.md', 'utf8');
const documents = [
  'README.md',
  ...markdownBelow('docs'),
  ...markdownBelow('test'),
  ...markdownBelow('bench'),
];

describe('the README', () => {
  test('runs the box with exactly the reference flags', () => {
    const run = /<!-- reference-run -->\n```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const words = run
      .replaceAll('\\\n', ' ')
      .replaceAll(/"([^"]*)"/g, (_, quoted: string) => quoted.replaceAll(' ', '\u00a0'))
      .split(/[ \n]+/)
      .join('\n')
      .replaceAll('\u00a0', ' ');
    // Flags whose value stands apart are joined to the form engine/flags has.
    const flags = words
      .replaceAll(/--(cap-drop|cap-add|tmpfs|sysctl|memory)\n/g, '--$1=')
      .split('\n')
      .filter((word) => word.startsWith('--') && !word.startsWith('--name'));
    const reference = readFileSync('engine/flags', 'utf8').trim().split('\n');
    expect(flags.toSorted()).toEqual(reference.toSorted());
  });

  test('names every setting of the schema and no other', () => {
    const table = /<!-- settings -->\n([\s\S]*?)\n\n/.exec(readme)?.[1] ?? '';
    const named = [...table.matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1]);
    expect(named.toSorted()).toEqual([...secretNames, ...Object.keys(schema)].toSorted());
  });
});

test('docs/architecture.md walks through the steps of the boot in their order', () => {
  const text = readFileSync('docs/architecture.md', 'utf8');
  const walk = /```\ninit([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const named = [...walk.matchAll(/^ {5}([a-z]+) /gm)].map((match) => match[1]);
  expect(named).toEqual([...stepNames]);
});

test.each(documents)('%s links to nothing that is not there', (path) => {
  const links = [...readFileSync(path, 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(
    (match) => match[1] ?? '',
  );
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(local.filter((link) => !existsSync(join(dirname(path), link)))).toEqual([]);
});

function markdownBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}
