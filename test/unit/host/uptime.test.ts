import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { uptime } from '../../../src/host/uptime.ts';

/** Files that may ask what time it is, and what for: everything else is a duration, and is asked of `uptime`. */
const ofTheWall: Readonly<Record<string, string>> = {
  'boot/init.ts': 'when the boot began, for status',
  'boot/resume.ts': 'when the box was ready, for status',
  'boot/step.ts': 'when a step began, for status',
  'commands/hooks/refusals.ts': 'whether a refusal is of this tool call: the file has times',
  'commands/hooks/session-name.ts': 'a name that none before it had',
  'host/real-host.ts': 'to answer',
  'supervise/refresh.ts': 'when the pins were refreshed, for status',
  'supervise/refusals.ts': 'when it was refused, for the file',
  'supervise/rescue/make.ts': 'the time of a commit',
  'supervise/rescue/rescuer.ts': 'when the work was saved, for status',
  'supervise/rescue/save.ts': 'how old a file of another boot is',
  'supervise/rulebook.ts': 'an end that is told to people',
  'supervise/unreached.ts': 'whether a failure is old: the file has times',
};

test('who asks for the time of day is known by name', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('host/fake-'))
    .filter((name) => /\bhost\.now\b|\bDate\.now\b|new Date\(\)/.test(readFileSync(`src/${name}`, 'utf8')));
  expect(files.sort()).toEqual(Object.keys(ofTheWall).sort());
});

test('the uptime is the kernel’s, so that one program understands another’s deadline', () => {
  const before = Number(process.hrtime.bigint() / 1_000_000n);
  expect(uptime()).toBeGreaterThanOrEqual(before);
  expect(uptime()).toBeLessThan(before + 10_000);
});
