import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, readTree } from './house/tree.ts';

interface Walk {
  readonly title: string;
  readonly files: readonly string[];
}

const text = readFileSync('docs/architecture.md', 'utf8');
const walks = parseWalks(text);
const imports = importsOf(readTree());

test('the document walks through five things', () => {
  expect(walks.map(({ title }) => title)).toEqual([
    'A setting: `BOOT_TIMEOUT`',
    'A DNS query',
    'A connection',
    'A stop',
    'A hook: `refusals`',
  ]);
});

describe.each(walks)('$title', ({ files }) => {
  test('leads through files that are there, each once', () => {
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
    expect(new Set(files).size).toBe(files.length);
  });

  test('has at most two files more than the rooms it crosses', () => {
    expect(files.length).toBeLessThanOrEqual(roomsOf(files).length + 2);
  });

  test('comes back into no room it has left', () => {
    expect(reentered(files)).toEqual([]);
  });

  test('comes to each file from one before it, by what they load', () => {
    const sources = files.filter((file) => file.startsWith('src/'));
    const rooms = roomsOf(files);
    const isReached = (file: string, index: number) =>
      sources.slice(0, index).some((before) => areTied(before, file, rooms));
    expect(sources.slice(1).filter((file, index) => !isReached(file, index + 1))).toEqual([]);
  });
});

test('a walk that comes back, and one that is too long, are found', () => {
  const back = ['src/init/ends.ts', 'src/host/host.ts', 'src/init/supervise.ts'];
  expect(reentered(back)).toEqual(['init']);
  expect(roomsOf(['src/hooks/run/hook-refusal.ts', 'src/network/proxy/tls.ts', 'src/main.ts'])).toEqual([
    'hooks',
    'network/proxy',
    'main',
  ]);
});

test('files that have nothing of each other are no walk', () => {
  expect(areTied('src/network/proxy/tls.ts', 'src/network/proxy/outbound-dial.ts', [])).toBe(true);
  expect(areTied('src/network/proxy/outbound-dial.ts', 'src/network/pin-leases.ts', [])).toBe(false);
  expect(areTied('src/network/proxy/outbound-dial.ts', 'src/network/pin-leases.ts', ['network/proxy'])).toBe(
    true,
  );
  expect(areTied('src/network/proxy/tls.ts', 'src/rescue/git.ts', ['network/proxy', 'rescue'])).toBe(false);
});

/** Every numbered station of every walk, in order. */
function parseWalks(document: string): Walk[] {
  const part = /^## Five walks\n([\s\S]*?)^## /m.exec(document)?.[1] ?? '';
  return part
    .split(/^### /m)
    .slice(1)
    .map((walk) => ({
      title: walk.split('\n')[0] ?? '',
      files: [...walk.matchAll(/^\d+\. \[`([^`]+)`\]\(\.\.\/\1\)/gm)].map((match) => match[1] ?? ''),
    }));
}

/** The rooms of a walk, in order: a room once for each time it is entered. */
function roomsOf(files: readonly string[]): string[] {
  return files.map(roomOf).filter((room, index, all) => room !== all[index - 1]);
}

/** One loads the other, or both load, or are loaded by, a third file in one of these rooms. */
function areTied(one: string, other: string, rooms: readonly string[]): boolean {
  const besideOther = neighboursOf(other);
  const besideOne = neighboursOf(one);
  return (
    besideOne.has(other) ||
    [...besideOne].some((file) => besideOther.has(file) && rooms.includes(roomOf(file)))
  );
}

function neighboursOf(file: string): Set<string> {
  return new Set(imports.flatMap(({ from, to }) => (from === file ? [to] : to === file ? [from] : [])));
}

function reentered(files: readonly string[]): string[] {
  return roomsOf(files).filter((room, index, all) => all.indexOf(room) !== index);
}

/** A room is the nearest folder with a page at its door; what is no source of ours is one room. */
function roomOf(file: string): string {
  if (file === 'src/main.ts') return 'main';
  if (!file.startsWith('src/')) return file.split('/')[0] ?? '';
  let folder = dirname(file);
  while (folder !== 'src' && !existsSync(`${folder}/README.md`)) folder = dirname(folder);
  return folder.slice('src/'.length);
}
