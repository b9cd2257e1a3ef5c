import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { order, type User } from './house/rooms.ts';
import { userOf } from './house/users.ts';

const pages = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('/README.md'))
  .map((name) => join('src', name));
const labels = ['Holds:', 'Run by:', 'In:', 'Out:', 'Start reading at'];

describe.each(pages)('%s', (path) => {
  const room = dirname(path).slice('src/'.length);
  const [title, blank, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');

  test('is five lines under its name: what it holds, who runs it, what comes in, what goes out, where to start', () => {
    expect([title, blank]).toEqual([`# ${room}`, '']);
    expect(lines.map((line, index) => line.startsWith(`- ${labels[index]} `))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
  });

  test('says of its user what the test of the house holds', () => {
    expect(lines[1]?.match(/\b(root|egress|agent|broker|web|everybody)\b/)?.[0]).toBe(
      firstUserOf(room) ?? 'everybody',
    );
  });

  test('starts at files that are there', () => {
    const files = [...(lines[4] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(dirname(path), file)))).toEqual([]);
  });
});

test('every room has a page, those of the network too, and no other folder has', () => {
  const inner = readdirSync('src/network', { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name, parentPath }) => join(parentPath, name).slice('src/'.length));
  const rooms = [...order.filter((room) => room !== 'main'), ...inner];
  expect(pages.map((path) => dirname(path).slice('src/'.length)).toSorted()).toEqual(rooms.toSorted());
});

/** Rescue and checks are a user's by their folders: root's stands first. */
function firstUserOf(room: string): User | null {
  return userOf(`src/${room}/any.ts`) ?? (['rescue', 'checks'].includes(room) ? 'root' : null);
}
