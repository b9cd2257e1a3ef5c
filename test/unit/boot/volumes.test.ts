import { expect, test } from 'vitest';
import { isEmpty } from '../../../src/boot/volumes.ts';

const mounts = [{ point: '/workspace/repo', type: 'ext4' }] as unknown as Parameters<typeof isEmpty>[2];

/** A folder that has as many names as anybody asks for. */
function endless(first: readonly string[]) {
  const asked: (number | undefined)[] = [];
  const list = (_: string, most?: number) => {
    asked.push(most);
    return [...first, ...Array.from({ length: 5 }, (_, at) => `file-${at}`)].slice(0, most);
  };
  return { asked, list };
}

test('a folder with millions of names is seen to be full by the first few', () => {
  const folder = endless(['lost+found', 'repo']);
  expect(isEmpty(folder, '/workspace', mounts)).toBe(false);
  expect(folder.asked).toEqual([3]);
});

test('what a file system and the engine need is nobody’s', () => {
  expect(isEmpty({ list: () => ['lost+found', 'repo'] }, '/workspace', mounts)).toBe(true);
});
