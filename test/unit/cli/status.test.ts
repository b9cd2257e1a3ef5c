import { describe, expect, test } from 'vitest';
import { status } from '../../../src/cli/status.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { bootToReady } from '../../boot/drive.ts';
import { makeMachine } from '../../boot/machine.ts';

describe('status', () => {
  test('tells of a ready box: steps, resolver, firewall, session, disk, memory, versions', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    machine.files.put('/sys/fs/cgroup/memory.max', '8589934592\n');
    machine.files.put('/usr/local/lib/cloister/package.json', '{"version":"0.1.0"}');
    machine.printed.length = 0;
    expect(status(machine.program(), { json: true })).toBe(0);
    const answer = JSON.parse(machine.printed.join('')) as Record<string, unknown>;
    expect(answer).toMatchObject({
      state: 'ready',
      platform: 'docker',
      resolver: { running: true, restarts: 0 },
      firewall: { pins: 2, unresolved: [] },
      session: { running: true },
      memory: { limit: 8589934592, used: null },
      versions: { cloister: '0.1.0', claude: 'unknown' },
    });
    expect(answer.steps).toHaveLength(12);
    expect(Object.keys(answer.disk as object)).toEqual([
      '/workspace',
      '/tmp',
      '/home/claude',
      '/run/cloister',
    ]);
  });

  test('is a page for people too', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    machine.printed.length = 0;
    expect(status(machine.program(), { json: false })).toBe(0);
    expect(machine.printed.join('')).toMatch(
      /^state {7}ready for .*\n {2}settings .*firewall {4}\d+ rules, 2 pinned/s,
    );
  });

  test('names the sets that hold what was refused, five at most', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    const state = JSON.parse(machine.files.read('/run/cloister/state.json'));
    const told = (sets?: string[]) => {
      machine.files.put(
        '/run/cloister/state.json',
        JSON.stringify({ ...state, egress: { refused: 9, failed: 0, sets } }),
      );
      machine.printed.length = 0;
      status(machine.program(), { json: false });
      return machine.printed.join('');
    };
    expect(told(['browsers', 'java'])).toContain(
      '9 refused, 0 failed since the boot\n            to allow what was refused: cloister allow @browsers, cloister allow @java\n',
    );
    expect(told(['a', 'b', 'c', 'd', 'e', 'f'])).not.toContain('@f');
    for (const none of [[], undefined]) expect(told(none)).not.toContain('to allow what was refused');
  });

  test('of a box whose init is gone says stopped, and fails', async () => {
    const machine = makeMachine();
    await bootToReady(machine);
    machine.files.put('/proc/1/stat', '1 (other) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 777 0\n');
    machine.printed.length = 0;
    expect(status(machine.program(), { json: true })).toBe(70);
    expect(JSON.parse(machine.printed.join(''))).toMatchObject({ state: 'stopped' });
  });

  test('where nothing booted says so', () => {
    const machine = new FakeMachine();
    expect(status(machine.program(), { json: true })).toBe(70);
    expect(machine.printed).toEqual(['{"state":"stopped"}\n']);
  });
});
