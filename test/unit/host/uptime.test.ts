import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { uptime } from '../../../src/host/uptime.ts';

/** Files that may ask what time it is, and what for: everything else is a duration, and is asked of `uptime`. */
const byTheClock: Readonly<Record<string, string>> = {
  'boot/init.ts': 'when the boot began, for status',
  'boot/resume.ts': 'when the box was ready, for status',
  'boot/step.ts': 'when a step began, for status',
  'hooks/run/name-session.ts': 'a name that none before it had',
  'hooks/run/tell-refusals.ts': 'whether a refusal is of this tool call: the file has times',
  'host/real-host.ts': 'to answer',
  'host/short-host.ts': 'to answer',
  'init/audit-recorder.ts': 'when it was refused, for the file',
  'init/describe-list.ts': 'an end that is told to people',
  'init/refresh-pins.ts': 'when the pins were refreshed, for status',
  'init/unreached.ts': 'whether a failure is old: the file has times',
  'rescue/agent/make-commits.ts': 'the time of a commit',
  'rescue/agent/save.ts': 'how old a file of another boot is',
  'rescue/init/rescuer.ts': 'when the work was saved, for status',
};

test('who asks for the time of day is known by name', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('host/fake-'))
    .filter((name) => /\bhost\.now\b|\bDate\.now\b|new Date\(\)/.test(readFileSync(`src/${name}`, 'utf8')));
  expect(files.sort()).toEqual(Object.keys(byTheClock).sort());
});

test('the uptime is the kernel’s, so that one program understands another’s deadline', () => {
  const before = Number(process.hrtime.bigint() / 1_000_000n);
  expect(uptime()).toBeGreaterThanOrEqual(before);
  expect(uptime()).toBeLessThan(before + 10_000);
});
