import { expect, test } from 'vitest';
import { renderDuration } from '../../../src/core/duration.ts';

const second = 1000;
const hour = 3600 * second;

test.each([
  [0, '0 s'],
  [-5 * second, '0 s'],
  [59_499, '59 s'],
  [60 * second, '1 min 0 s'],
  [2 * hour + 7 * 60 * second, '2 h 7 min'],
  [76 * hour, '3 d 4 h'],
])('%i milliseconds are %s', (milliseconds, said) => {
  expect(renderDuration(milliseconds)).toBe(said);
});
