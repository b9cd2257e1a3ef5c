import { expect, test } from 'vitest';
import { fieldOf, maskOf } from '../../../../src/host/proc/pid.ts';

const status =
  'Name:\tnode\nUid:\t1000\t1000\t1000\t1000\nGroups:\t\nNStgid:\t85\nCapEff:\t00000000000000ff\n';

test.each([
  ['Name', 'node'],
  ['Uid', '1000\t1000\t1000\t1000'],
  ['Groups', ''],
  ['NStgid', '85'],
  ['Nothing', ''],
])('a process’s %s is what stands behind it in its line, and nothing of the next', (name, wanted) => {
  expect(fieldOf(status, name)).toBe(wanted);
});

test('a set is a number, and none where there is none', () => {
  expect([maskOf(status, 'CapEff'), maskOf(status, 'Groups'), maskOf(null, 'CapEff')]).toEqual([
    255n,
    null,
    null,
  ]);
});
