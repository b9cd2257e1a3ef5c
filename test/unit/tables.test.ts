import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fillTables, placed, readLogEvents } from '../../scripts/docs.ts';
import { Paths } from '../../src/core/paths.ts';
import { runFiles } from '../../src/core/reference.ts';
import { childrenReference } from '../../src/init/reference.ts';
import { policies } from '../../src/init/respawn-policies.ts';
import { stepNames } from '../../src/state/box-state.ts';
import { stepsReference } from '../../src/state/reference.ts';
import { codeOf, readTree, sourcesOf } from './house/tree.ts';

describe.each(Object.entries(placed))('%s', (path, names) => {
  const text = readFileSync(path, 'utf8');

  test('has its tables as the code has them: make docs writes them', () => {
    expect(text).toBe(fillTables(text));
  });

  test('has each of its tables once', () => {
    const found = [...text.matchAll(/^<!-- table: (\w+) -->\n\|[\s\S]*?\|\n<!-- end -->$/gm)];
    expect(found.map((match) => match[1])).toEqual(names);
  });
});

test('a table that differs from the code is found', () => {
  const text = readFileSync('README.md', 'utf8').replace('| `BOX_NAME` |', '| `BOX_TITLE` |');
  expect(fillTables(text)).not.toBe(text);
});

test('every step of the boot is described, in order', () => {
  expect(stepsReference.map(({ step }) => step)).toEqual([...stepNames]);
});

test('every child with a policy is described, and the agent', () => {
  expect(childrenReference.map(({ child }) => child)).toEqual([...Object.keys(policies), 'agent']);
});

describe('files below /run/cloister', () => {
  test('every path that the code knows there is described', () => {
    const known = Object.values<string>(Paths).filter((path) => path.startsWith(`${Paths.run}/`));
    const described = runFiles.map(({ path }) => path);
    expect(known.filter((path) => !described.includes(path))).toEqual([]);
  });

  test('whose they are is what a real box is held to', () => {
    const lines = readFileSync('test/container/run-folder.txt', 'utf8').trimEnd().split('\n');
    const held = lines.filter((line) => line.startsWith(`${Paths.run}/`)).map((line) => line.split(' '));
    expect(held.length).toBeGreaterThan(10);
    for (const [path, mode, owner] of held) {
      const described = runFiles.find((file) => file.path === path);
      expect([path, described?.mode, described?.owner]).toEqual([path, mode, owner]);
    }
  });
});

describe('events of the log', () => {
  const described = readLogEvents();
  const said = eventsOf(sourcesOf(readTree()).map(([, text]) => codeOf(text)));

  test('each that the source names is described, and no other', () => {
    const names = [...new Set(said.map(({ event }) => event))].toSorted();
    expect(names.length).toBeGreaterThan(30);
    expect(described.map(({ event }) => event)).toEqual(names);
  });

  test('each is told at a level that is described', () => {
    const known = (event: string) => described.find((one) => one.event === event)?.levels ?? [];
    const strange = said.filter(({ event, level }) => level !== null && !known(event).includes(level));
    expect(strange).toEqual([]);
  });

  test('each field that is named where it is told is described', () => {
    const known = (event: string) => described.find((one) => one.event === event)?.fields ?? [];
    const strange = said.flatMap(({ event, fields }) =>
      fields
        .filter((field) => !known(event).some(({ name }) => name === field))
        .map((field) => `${event}: ${field}`),
    );
    expect(strange).toEqual([]);
  });

  test('an event that nobody described is found', () => {
    const planted = eventsOf([`log.event('warn', 'box.melted', { heat, cause: 'sun' });`]);
    expect(planted).toEqual([{ event: 'box.melted', level: 'warn', fields: ['heat', 'cause'] }]);
  });
});

interface Said {
  readonly event: string;
  /** Null where it is not said in the same breath. */
  readonly level: string | null;
  readonly fields: readonly string[];
}

const name = /[a-z]+(?:\.[a-z]+)+/;

/** Finds what is told by `log.event(…)`, by a table's `event: '…'`, and by a choice of two names. */
function eventsOf(texts: readonly string[]): Said[] {
  return texts.flatMap((text) => {
    const told = new RegExp(`\\.event\\(\\s*'(\\w+)',\\s*'(${name.source})'(?:,\\s*\\{([^{}]*)\\})?`, 'g');
    const direct = [...text.matchAll(told)].map(([, level = '', event = '', fields = '']) => ({
      event,
      level,
      fields: fieldsOf(fields),
    }));
    const lists = [
      ...text.matchAll(new RegExp(`\\bevent: '(${name.source})'`, 'g')),
      ...text.matchAll(new RegExp(`(?:\\bevent = |\\.event\\()[^;]*?\\? '(${name.source})' :`, 'g')),
      ...text.matchAll(new RegExp(`(?:\\bevent = |\\.event\\()[^;]*? : '(${name.source})'`, 'g')),
      ...text.matchAll(new RegExp(`\\.event\\(level, '(${name.source})'`, 'g')),
    ].map(([, event = '']) => ({ event, level: null, fields: [] }));
    const made = [...text.matchAll(/\.event\('(\w+)', `\$\{message\.what\}\.failed`/g)].flatMap(
      ([, level = '']) =>
        ['notify', 'telemetry'].map((what) => ({ event: `${what}.failed`, level, fields: ['reason'] })),
    );
    return [...direct, ...lists, ...made];
  });
}

/** Names of an object as it is written, but for what is spread into it. */
function fieldsOf(text: string): string[] {
  return text
    .split(/,(?![^(`]*[)`])/)
    .map((part) => part.trim().replace(/:[\s\S]*$/, ''))
    .filter((part) => /^\w+$/.test(part));
}
