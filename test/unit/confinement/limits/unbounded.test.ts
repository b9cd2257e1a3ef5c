import { describe, expect, test } from 'vitest';
import { boundlessOf, parseLimits, unboundOf } from '../../../../src/confinement/limits/unbounded.ts';
import { parseMounts } from '../../../../src/host/proc/mountinfo.ts';

test('/proc/self/limits is read by the names of prlimit(1)', () => {
  const text = [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max cpu time              unlimited            unlimited            seconds   ',
    'Max core file size        0                    unlimited            bytes     ',
    'Max processes             96364                96364                processes ',
    'Max open files            1024                 20000                files     ',
    'Max nice priority         0                    0                    ',
  ].join('\n');
  const { hard, soft } = parseLimits(text);
  expect(hard).toEqual({ core: Number.POSITIVE_INFINITY, nproc: 96_364, nofile: 20_000, nice: 0 });
  expect(soft).toMatchObject({ core: 0, nofile: 1024 });
});

describe('objects of System V', () => {
  const usual: Record<string, string> = {
    'kernel.shm_rmid_forced': '0\n',
    'kernel.shmall': '18446744073692774399\n',
    'kernel.msgmni': '32000\n',
    'kernel.sem': '32000\t1024000000\t500\t32000\n',
  };

  test('are not bounded by what a kernel has from the start', () => {
    expect(unboundOf((name) => usual[name] ?? null)).toEqual(Object.keys(usual));
  });

  test('are bounded by the reference flags, and where the kernel has none', () => {
    const given: Record<string, string> = {
      'kernel.shm_rmid_forced': '1',
      'kernel.shmall': '16384',
      'kernel.msgmni': '64',
      'kernel.sem': '250\t8000\t32\t128',
    };
    expect(unboundOf((name) => given[name] ?? null)).toEqual([]);
  });
});

test('a place in memory has to bound its empty files, and the folders of the socket and of Claude to be their own', () => {
  const line = (point: string, options: string, type = 'tmpfs') =>
    `1 2 0:1 / ${point} rw,nosuid - ${type} ${type} rw,${options}`;
  const lines = [
    line('/tmp', 'size=1k,nr_inodes=9'),
    line('/workspace', 'size=1k'),
    line('/home/claude', 'x', 'ext4'),
    line('/dev/shm', 'size=65536k'),
  ];
  expect(boundlessOf(parseMounts(lines.join('\n')))).toEqual([
    '/workspace',
    '/run/cloister/session',
    '/run/cloister/scratch',
    '/dev/shm',
  ]);
});
