import { expect, test } from 'vitest';
import { fieldOf, maskOf } from '../../../../src/host/proc/pid.ts';

/** As the kernel writes it for a process with no supplementary group: the field is there, and empty. */
const status =
  'Name:\tnode\nUid:\t1000\t1000\t1000\t1000\nGroups:\t \nNStgid:\t163\nCapEff:\t0000000000001000\n';

test('an empty field is empty, and not the line after it', () => {
  expect(fieldOf(status, 'Groups')).toBe('');
  expect(fieldOf(status, 'NStgid')).toBe('163');
  expect(fieldOf(status, 'Uid')).toBe('1000\t1000\t1000\t1000');
  expect(fieldOf(status, 'Seccomp')).toBe('');
});

test('a set of capabilities is a number, and what is none is null', () => {
  expect(maskOf(status, 'CapEff')).toBe(0x1000n);
  expect(maskOf(status, 'Groups')).toBeNull();
});
