import { describe, expect, test } from 'vitest';
import { log } from '../../../src/cli/show-log.ts';
import { Paths } from '../../../src/core/paths.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';

const line = (sequence: number) =>
  `${JSON.stringify({
    sequence,
    time: '2027-01-15T08:00:00.000Z',
    kind: 'refused',
    via: 'dns',
    reason: 'name-not-allowed',
    name: `n${sequence}.test`,
    address: null,
    port: null,
    rule: `n${sequence}.test`,
    count: 1,
    text: `n${sequence}.test refused: the name is not on the allowlist`,
  })}\n`;

describe('cloister log', () => {
  test('prints what was refused, for people and for programs', async () => {
    const machine = new FakeMachine();
    machine.files.put(Paths.refusalsJson, line(1) + line(2));
    expect(await log(machine.program({ uid: 1000 }), [])).toBe(0);
    expect(machine.printed).toEqual([
      expect.stringContaining(
        'n1.test refused: the name is not on the allowlist; to allow it: cloister allow n1.test',
      ),
      expect.stringContaining('n2.test'),
    ]);
    machine.printed.length = 0;
    await log(machine.program(), ['--json']);
    expect(machine.printed.join('')).toBe(line(1) + line(2));
  });

  test('prints nothing where nothing was refused', async () => {
    const machine = new FakeMachine();
    expect(await log(machine.program(), [])).toBe(0);
    expect(machine.printed).toEqual([]);
  });

  test('--failed prints what failed', async () => {
    const machine = new FakeMachine();
    const failed = { sequence: 1, time: 'T', kind: 'failed', text: 'github.com failed' };
    machine.files.put(Paths.failuresJson, `${JSON.stringify(failed)}\n`);
    await log(machine.program(), ['--failed']);
    expect(machine.printed).toEqual(['T github.com failed\n']);
  });

  test('--follow goes on over the halving of the file, each line once', async () => {
    const machine = new FakeMachine();
    machine.files.put(Paths.refusalsJson, line(1) + line(2));
    void log(machine.program(), ['--follow']);
    await machine.advance(1000);
    machine.files.put(Paths.refusalsJson, line(2) + line(3));
    await machine.advance(1000);
    machine.files.put(Paths.refusalsJson, line(4));
    await machine.advance(1000);
    expect(machine.printed.map((text) => /n\d/.exec(text)?.[0])).toEqual(['n1', 'n2', 'n3', 'n4']);
  });

  test('--follow ends when nobody is there any more to read it', async () => {
    const machine = new FakeMachine();
    const code = log(machine.program(), ['--follow']);
    await machine.advance(1000);
    machine.depart();
    await machine.advance(1000);
    expect(await code).toBe(0);
  });

  test('with an option it does not know says what it knows', async () => {
    const machine = new FakeMachine();
    expect(await log(machine.program(), ['--all'])).toBe(78);
    expect(machine.printedErrors.join('')).toContain('--follow');
  });
});
