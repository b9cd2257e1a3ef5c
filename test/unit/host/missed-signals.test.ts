import { expect, test } from 'vitest';
import { missedSignals } from '../../../src/host/missed-signals.ts';

test.each([
  ['no signal', '0000000100004602', []],
  ['SIGTERM', '0000000100000602', ['SIGTERM']],
  ['SIGINT', '0000000100004600', ['SIGINT']],
])('a handler of Node’s that is gone tells of %s', (_, caught, missed) => {
  expect(missedSignals(`Name:\tnode\nSigIgn:\t0000000000001000\nSigCgt:\t${caught}\n`)).toEqual(missed);
});

test('where nothing can be read nothing was missed', () => {
  expect(missedSignals(null)).toEqual([]);
});
