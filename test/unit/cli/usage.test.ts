import { expect, test } from 'vitest';
import { faultOf } from '../../../src/cli/usage.ts';

test.each([
  ['status', ['--json']],
  ['verify', ['--json', '--inside']],
  ['version', []],
  ['allow', ['example.org', '--for', '1h']],
  ['init', ['-p', 'fix the build']],
])('%s with what it takes is no fault', (name, args) => {
  expect(faultOf(name, args, true)).toBeNull();
});

test('a command there is none of is named, quoted', () => {
  expect(faultOf('statsu\x1b[2J', [], false)).toMatch(/^There is no command "statsu\\u001b\[2J"\.\nusage: /);
});

test.each([
  ['status', '--jsn'],
  ['health', '-j'],
  ['attach', 'now'],
  ['version', '--json'],
])('%s %s is told what it does not take', (name, wrong) => {
  expect(faultOf(name, [wrong], true)).toMatch(`cloister ${name} does not take "${wrong}".`);
});

test.each(['', 'help', '--help', '-h'])('%j asks for help and gets nothing else', (name) => {
  expect(faultOf(name, [], false)).toMatch(/^usage: /);
});
