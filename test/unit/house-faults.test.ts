import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { User } from './house/rooms.ts';
import * as rules from './house/rules.ts';
import { rootLoadsUnprivileged } from './house/users.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { check: string } };
const steps = scripts.check.split(' && ');

describe('what make check runs finds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'house-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  for (const name of ['.gitignore', '.oxlintrc.json', 'biome.json', 'package.json', 'tsconfig.json'])
    copyFileSync(name, join(folder, name));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));

  /** @returns what the linters and the compiler say of a tree with this one file. */
  function check(text: string): string {
    const file = join(folder, 'src/core/planted.ts');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const runs = steps
      .filter((step) => !step.startsWith('vitest '))
      .map((step) =>
        spawnSync('/bin/sh', ['-c', step], {
          cwd: folder,
          env: { PATH: `${resolve('node_modules/.bin')}${delimiter}${process.env.PATH}` },
          encoding: 'utf8',
        }),
      );
    return runs.map(({ status, stdout, stderr }) => (status === 0 ? '' : `${stdout}${stderr}`)).join('');
  }

  /** A function of so many lines, from its first to its last. */
  function functionOf(lines: number): string {
    const body = Array.from({ length: lines - 4 }, (_, index) => `  sum += ${index};\n`).join('');
    return `export function add(): number {\n  let sum = 0;\n${body}  return sum;\n}\n`;
  }

  test('nothing where nothing is planted', () => {
    expect(check('export const one = 1;\n')).toBe('');
  });

  test('a promise of ours that floats', () => {
    const work = 'async function work(): Promise<void> {}\n\n';
    expect(check(`${work}export function go(): void {\n  void work();\n}\n`)).toBe('');
    expect(check(`${work}export function go(): void {\n  work();\n}\n`)).toMatch(/no-floating-promises/);
  });

  test('a promise of Node’s that floats', () => {
    const text = "import { rm } from 'node:fs/promises';\n\nexport function go(): void {\n  rm('x');\n}\n";
    expect(check(text)).toMatch(/no-floating-promises/);
  });

  test('a promise where none is waited for', () => {
    const text = 'export function go(work: () => Promise<void>): void {\n  setTimeout(work, 1);\n}\n';
    expect(check(text)).toMatch(/no-misused-promises/);
  });

  test('a function of 61 lines, and lets one of 60 pass', () => {
    expect(check(functionOf(60))).toBe('');
    expect(check(functionOf(61))).toMatch(/max-lines-per-function.*61/s);
  });

  test('what the recommended rules forbid', () => {
    expect(check('export const isOne = (value: unknown) => value == 1;\n')).toMatch(/noDoubleEquals/);
  });

  test('and what the rules of the house forbid: their tests are its last step', () => {
    expect(steps.at(-1)).toMatch(/^vitest run .*test\/unit\/house$/);
    expect(readFileSync('Makefile', 'utf8')).toMatch(/^check:.*\n\t.*npm run --silent check\b/m);
  });
});

describe('the rules of the house find', () => {
  const clean = {
    'src/main.ts': "await import('./boot/init.ts');\nprocess.exit(0);\n",
    'src/core/size.ts': 'export interface Size {}\n',
    'src/host/real-host.ts': "import { readFileSync } from 'node:fs';\nimport 'node:child_process';\n",
    'src/boot/init.ts':
      "import type { Size } from '../core/size.ts';\nimport '../network/firewall/apply.ts';\n",
    'src/network/firewall/apply.ts': "import { parse } from '../protocol.ts';\n",
    'src/network/protocol.ts': 'export interface Message {}\n',
    'src/network/resolver/resolver.ts': "import { parse } from '../protocol.ts';\n",
    ...Object.fromEntries(
      ['core', 'host', 'boot', 'network'].map((room) => [`src/${room}/README.md`, 'What it holds.\n']),
    ),
  };
  const doors: Record<string, User> = {
    boot: 'root',
    'network/firewall': 'root',
    network: 'egress',
  };
  const all: Record<string, rules.Rule> = {
    ...rules,
    placesOfExit: (tree) => rules.placesOfExit(tree).slice(1),
    rootLoadsUnprivileged: (tree) => rootLoadsUnprivileged(tree, doors),
  };
  const find = (name: string, files: Record<string, string>) =>
    all[name]?.(new Map(Object.entries({ ...clean, ...files })));

  test.each(Object.keys(all))('nothing where nothing is planted: %s', (name) => {
    expect(find(name, {})).toEqual([]);
  });

  const planted: readonly [rule: string, fault: string, files: Record<string, string>, found: string][] = [
    [
      'importsAgainstDirection',
      'an import against the direction',
      { 'src/core/size.ts': "import { boot } from '../boot/init.ts';\n" },
      'src/core/size.ts -> src/boot/init.ts',
    ],
    [
      'importsAgainstDirection',
      'a late import against the direction',
      { 'src/core/size.ts': "export const late = () => import('../boot/init.ts');\n" },
      'src/core/size.ts -> src/boot/init.ts',
    ],
    [
      'typesFromAbove',
      'a type from above',
      { 'src/core/size.ts': "import type { Boot } from '../boot/init.ts';\n" },
      'src/core/size.ts -> src/boot/init.ts',
    ],
    [
      'importsBetweenSiblings',
      'a room that sees the one beside it',
      { 'src/hooks/fork.ts': "import type { Message } from '../network/protocol.ts';\n" },
      'src/hooks/fork.ts -> src/network/protocol.ts',
    ],
    [
      'settingsPastTheDoor',
      'settings read past the door',
      { 'src/boot/init.ts': "import { readSettings } from '../settings/read.ts';\n" },
      'src/boot/init.ts -> src/settings/read.ts',
    ],
    [
      'importCircles',
      'two files that import each other',
      {
        'src/host/pid.ts': "import { size } from './size.ts';\n",
        'src/host/size.ts': "import { pid } from './pid.ts';\n",
      },
      'src/host/pid.ts -> src/host/size.ts -> src/host/pid.ts',
    ],
    [
      'importCircles',
      'a circle of types over three files',
      {
        'src/host/pid.ts': "import type { Size } from './size.ts';\n",
        'src/host/size.ts': "import { type Host } from './host.ts';\n",
        'src/host/host.ts': "export type { Pid } from './pid.ts';\n",
      },
      'src/host/pid.ts -> src/host/size.ts -> src/host/host.ts -> src/host/pid.ts',
    ],
    ['unknownRooms', 'a room that nobody knows', { 'src/attic/box.ts': '' }, 'attic'],
    [
      'rootLoadsUnprivileged',
      'root code that imports an unprivileged program',
      { 'src/boot/init.ts': "import { resolve } from '../network/resolver/resolver.ts';\n" },
      'src/boot/init.ts -> src/network/resolver/resolver.ts',
    ],
    [
      'rootLoadsUnprivileged',
      'root code that imports one through a file of everybody’s',
      {
        'src/network/firewall/apply.ts': "import { size } from '../../core/size.ts';\n",
        'src/core/size.ts': "import { resolve } from '../network/resolver/resolver.ts';\n",
      },
      'src/core/size.ts -> src/network/resolver/resolver.ts',
    ],
    [
      'filesOutsideHost',
      'node:fs outside host',
      { 'src/boot/init.ts': "import { readFileSync } from 'node:fs';\n" },
      'src/boot/init.ts -> node:fs',
    ],
    [
      'filesOutsideHost',
      'node:fs/promises outside host',
      { 'src/boot/init.ts': "import { rm } from 'node:fs/promises';\n" },
      'src/boot/init.ts -> node:fs/promises',
    ],
    [
      'programsOutsideHost',
      'a program started outside host',
      { 'src/boot/init.ts': "import { execa } from 'execa';\n" },
      'src/boot/init.ts -> execa',
    ],
    [
      'makersOfTheHost',
      'a second maker of the host',
      { 'src/boot/init.ts': "import { makeHost } from '../host/real-host.ts';\n" },
      'src/boot/init.ts -> src/host/real-host.ts',
    ],
    [
      'processOutsideHost',
      'the process touched outside host',
      { 'src/boot/init.ts': 'export const home = process.env.HOME;\n' },
      'src/boot/init.ts: process.env',
    ],
    ['placesOfExit', 'a second exit', { 'src/boot/init.ts': 'process.exit(1);\n' }, 'src/boot/init.ts'],
    [
      'fakesInTheProduct',
      'a fake in the product',
      { 'src/boot/init.ts': "import { fake } from '../host/fake-host.ts';\n" },
      'src/boot/init.ts -> src/host/fake-host.ts',
    ],
    [
      'longFiles',
      'a file of 201 lines',
      { 'src/boot/init.ts': '\n'.repeat(201) },
      'src/boot/init.ts has 201 lines',
    ],
    [
      'typesOfOneName',
      'two exported types of one name',
      { 'src/boot/init.ts': 'export type Message = string;\n' },
      'Message: src/boot/init.ts, src/network/protocol.ts',
    ],
    ['roomsWithoutReadme', 'a room without README', { 'src/hooks/fork.ts': '' }, 'hooks'],
  ];

  test.each(planted)('%s: %s', (rule, _fault, files, found) => {
    expect(find(rule, files)).toEqual([found]);
  });

  test('each of them has a fault planted', () => {
    expect([...new Set(planted.map(([rule]) => rule))].sort()).toEqual(Object.keys(all).sort());
  });
});
