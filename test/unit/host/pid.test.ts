import { expect, test } from 'vitest';
import { fieldOf, maskOf, readStartTicks } from '../../../src/host/proc/pid.ts';

const status =
  'Name:\tnode\nUid:\t1000\t1000\t1000\t1000\nGroups:\t \nNStgid:\t109\nSigCgt:\t00000001\nVmRSS:\t    2048 kB\n';

test('a field of /proc/PID/status is what stands on its own line, nothing where that is empty', () => {
  expect(fieldOf(status, 'VmRSS')).toBe('2048 kB');
  expect(fieldOf(status, 'Groups')).toBe('');
  expect(fieldOf(status, 'CapEff')).toBe('');
  expect(fieldOf(null, 'Name')).toBe('');
});

test('a set is its number, and no number where there is none', () => {
  expect([maskOf(status, 'SigCgt'), maskOf(status, 'Groups'), maskOf(null, 'SigCgt')]).toEqual([
    1n,
    null,
    null,
  ]);
});

test('of a process that is gone or hidden there is no start time', () => {
  expect(readStartTicks({ readIfAny: () => null }, 7)).toBeNull();
});
