import { describe, expect, test } from 'vitest';
import { chooseShort, describeNoThread, describeRoom, type Place } from '../../../src/hooks/room.ts';

const GB = 1024 ** 3;
const place = (more: Partial<Place> = {}): Place => ({
  path: '/tmp',
  inMemory: true,
  size: GB,
  used: 0,
  inodes: 1000,
  inodesUsed: 1,
  ...more,
});

test('a session hears at its start what it has', () => {
  const volume = place({ path: '/workspace', inMemory: false, size: 100 * GB, inodes: 0 });
  expect(describeRoom({ places: [volume, place()], processors: 1, memory: 8 * GB, processes: 1000 })).toBe(
    'The room of this box: /workspace 100 GB; /tmp 1 GB, 1000 files (in memory). 8 GB of memory for your programs and all that is in memory; 1000 processes and threads at once; 1 processor. You are told when one of them runs short.',
  );
});

describe('a place that runs short is told', () => {
  const linesOf = (one: Place, told = {}) => chooseShort([one], told).lines;

  test.each([
    ['by its bytes', { used: 0.93 * GB }, '/tmp is 93 % full (71 MB of 1 GB are left)'],
    ['by its files', { inodesUsed: 995 }, '/tmp is 99 % full (5 of 1000 files are left)'],
  ])('%s', (_, more, sentence) => {
    expect(linesOf(place(more))).toEqual([expect.stringContaining(sentence)]);
  });

  test('not before, and once: again when it is worse, and when it has been better meanwhile', () => {
    expect(linesOf(place({ used: 0.89 * GB }))).toEqual([]);
    const first = chooseShort([place({ used: 0.91 * GB })], {});
    expect(first).toMatchObject({ lines: [expect.anything()], told: { '/tmp': 0.9 } });
    expect(linesOf(place({ used: 0.95 * GB }), first.told)).toEqual([]);
    expect(linesOf(place({ used: 0.99 * GB }), first.told)).toHaveLength(1);
    expect(chooseShort([place()], first.told).told).toEqual({});
  });
});

test.each([
  'bash: fork: retry: Resource temporarily unavailable',
  "RuntimeError: can't start new thread",
  'OpenBLAS blas_thread_init: pthread_create failed for thread 12 of 64',
  'java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory',
  'thread panicked: failed to spawn thread',
])('a program that says «%s» has met the bound', (output) => {
  expect(describeNoThread(output, 1000)).toContain('may have 1000 at once');
});

test('any other has not, and where nothing bounds it nothing is said', () => {
  expect(describeNoThread('all is well', 1000)).toBeNull();
  expect(describeNoThread('Resource temporarily unavailable', null)).toBeNull();
});
