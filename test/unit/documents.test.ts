import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { whyLeading } from '../../src/policy/leading-variable.ts';

const readme = readFileSync('README.md', 'utf8');
/** Everything that might read a variable. */
const program = execFileSync(
  'git',
  ['grep', '-hE', '[A-Z]_[A-Z]', '--', 'src', 'scripts', 'rootfs', 'Dockerfile', 'compose.yaml'],
  {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  },
);
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...markdownBelow('docs'),
  ...markdownBelow('test'),
  ...markdownBelow('bench'),
  ...markdownBelow('src'),
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
    // Flags whose value stands apart are joined to the form scripts/flags has.
    const flags = words
      .replaceAll(/--(cap-drop|cap-add|tmpfs|sysctl|memory)\n/g, '--$1=')
      .split('\n')
      .filter((word) => word.startsWith('--') && !/^--(name|detach-keys)/.test(word));
    const reference = readFileSync('scripts/flags', 'utf8').trim().split('\n');
    expect(flags.toSorted()).toEqual(reference.toSorted());
  });
});

test('decisions have numbers of their own, stand in their title, and are listed', () => {
  const files = readdirSync('docs/decisions').filter((file) => file !== 'README.md');
  const numbers = files.map((file) => file.slice(0, 4));
  expect(new Set(numbers).size).toBe(files.length);
  const list = files.toSorted().map((file) => {
    const title = readFileSync(`docs/decisions/${file}`, 'utf8').split('\n')[0] ?? '';
    expect(title).toMatch(new RegExp(`^# ${file.slice(0, 4)}: `));
    return `- [${file.slice(0, 4)}](${file}): ${title.slice('# 0000: '.length)}`;
  });
  const index = readFileSync('docs/decisions/README.md', 'utf8');
  expect(index.split('\n').filter((line) => line.startsWith('- '))).toEqual(list);
});

test('whoever is given a terminal keeps Ctrl-P: every command for one names keys to leave it that nobody needs', () => {
  const places = ['README.md', 'docs', 'scripts', 'src', 'examples', 'Makefile'];
  const lines = execFileSync(
    'git',
    ['grep', '-hE', '(exec|run|start)( -a)? -(it|i|ti)\\b', '--', ...places, ':!*.svg'],
    {
      encoding: 'utf8',
    },
  );
  const forTerminals = lines.split('\n').filter((line) => /(exec|run) -(it|ti)\b|start -a -i/.test(line));
  expect(forTerminals.length).toBeGreaterThan(5);
  const [kept, without] = ["'?--detach-keys=ctrl-\\^,ctrl-q'?", 'docker run -it …'];
  expect(
    forTerminals.filter(
      (line) => !new RegExp(`((exec|run) -it|start -a -i) ${kept}`).test(line) && !line.includes(without),
    ),
  ).toEqual([]);
});

test.each(documents)('%s links to nothing that is not there', (path) => {
  const links = [...readFileSync(path, 'utf8').matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(
    (match) => match[1] ?? '',
  );
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(local.filter((link) => !existsSync(join(dirname(path), link)))).toEqual([]);
});

describe.each(documents.filter((path) => !/^(test|bench|src)/.test(path)))('%s', (path) => {
  const text = readFileSync(path, 'utf8');

  test('says of every block of shell whether it is run, or why not', () => {
    const blocks = [...text.matchAll(/^(.*)\n```sh$/gm)].map((match) => match[1] ?? '');
    const mark = /^<!-- (run|run: no, .{10,}|reference-run|demo) -->$/;
    expect(blocks.filter((before) => !mark.test(before))).toEqual([]);
  });

  test('names only variables that are read somewhere', () => {
    const named = new Set(
      [...text.matchAll(/`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)[`=]/g)].map((match) => match[1] ?? ''),
    );
    // The kernel's words are no variables; what the session never gets is named for that.
    const variables = [...named].filter((name) => !name.startsWith('RLIMIT_') && whyLeading(name) === null);
    expect(variables.filter((name) => !program.includes(name.replace(/_FILE$/, '')))).toEqual([]);
  });

  test('names only commands and words of make that there are', () => {
    const commands = [...text.matchAll(/cloister cloister ([a-z-]+)|`cloister ([a-z-]+)/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    const inside = readFileSync('src/main.ts', 'utf8');
    const list = /'allow', 'deny', 'reload', 'rules'/.exec(inside)?.[0] ?? '';
    const isCommand = (name: string) =>
      new RegExp(`^  '?${name}'?: async`, 'm').test(inside) || list.includes(`'${name}'`);
    expect(commands.filter((name) => !isCommand(name))).toEqual([]);
    const words = [...text.matchAll(/^make ([a-z]+)|`make ([a-z]+)/gm)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    const makefile = readFileSync('Makefile', 'utf8');
    expect(words.filter((word) => !makefile.includes(`\n${word}: ##`))).toEqual([]);
  });

  test('calls a document by its own name', () => {
    const links = [...text.matchAll(/\[(?:docs\/)?([a-z-]+\.md)\]\(([^)#]*)/g)];
    expect(links.filter(([, name = '', file = '']) => !file.endsWith(name)).map((match) => match[0])).toEqual(
      [],
    );
  });

  test('links to headings that are there', () => {
    const links = [...text.matchAll(/\]\(([^)\s:#]*)#([^)\s]+)\)/g)];
    const lost = links.filter(([, file = '', heading = '']) => {
      const target = file === '' ? path : join(dirname(path), file);
      return !headingsOf(target).includes(heading);
    });
    expect(lost.map((match) => match[0])).toEqual([]);
  });
});

/** As GitHub makes anchors of headings. */
function headingsOf(path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '');
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('the documents are sixteen at most, beside decisions and the rooms’ own pages', () => {
  const pages = documents.filter((path) => /^(docs\/[^/]*|[A-Z]+)\.md$/.test(path));
  expect(pages.length, 'a fact has one place: find the page it belongs to').toBeLessThanOrEqual(16);
});

/** The comparison names documents of others. */
test('every document that the tree names is there', () => {
  const named = execFileSync(
    'git',
    ['grep', '-ohE', 'docs/[a-z0-9/-]+\\.(md|svg|png)', '--', ':!docs/comparison.md'],
    {
      encoding: 'utf8',
    },
  );
  const paths = [...new Set(named.trim().split('\n'))];
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});

test('docs/agent.md has every hook, and no other', () => {
  const source = readFileSync('src/hooks/hook.ts', 'utf8');
  const [, list = ''] = /const hooks[^{]*\{\n([\s\S]*?)^\};/m.exec(source) ?? [];
  const hooks = [...list.matchAll(/^ {2}'?([a-z-]+)'?: \{/gm)].map((match) => match[1]);
  const [, table = ''] = /\n## Hooks\n([\s\S]*?)\n## /.exec(readFileSync('docs/agent.md', 'utf8')) ?? [];
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
  expect(hooks.length).toBeGreaterThan(5);
  expect(rows.toSorted()).toEqual(hooks.toSorted());
});

test('every document is reached from the README', () => {
  const seen = new Set(['README.md']);
  for (const path of seen) {
    for (const [, link = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)#\s:]+\.md)[^)]*\)/g))
      seen.add(join(dirname(path), link));
  }
  expect(documents.filter((path) => /^(docs\/[^/]*|[A-Z]+)\.md$/.test(path) && !seen.has(path))).toEqual([]);
});

test('every file that runs the box from outside has exactly the reference flags', () => {
  const reference = readFileSync('scripts/flags', 'utf8').trim().split('\n');
  const example =
    readFileSync('examples/one-prompt.yml', 'utf8').match(/--[a-z][a-z-]+(="[^"]*"|=\S+)?/g) ?? [];
  expect(
    example
      .filter((flag) => flag !== '--rm')
      .map((flag) => flag.replaceAll('"', ''))
      .toSorted(),
  ).toEqual(reference.toSorted());
  const container = JSON.parse(readFileSync('.devcontainer/devcontainer.json', 'utf8')) as {
    runArgs: string[];
  };
  const flags = container.runArgs.filter((flag) => !flag.startsWith('--env='));
  expect(flags.toSorted()).toEqual(reference.toSorted());
});

function markdownBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
}
