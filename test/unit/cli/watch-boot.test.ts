import { describe, expect, test } from 'vitest';
import { watchBoot } from '../../../src/cli/watch-boot.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { type BoxState, newState } from '../../../src/state/box-state.ts';
import { statOf } from '../../boot/machine.ts';

const base = newState({ bootId: 'this-boot', pid: 1, startTicks: '4242', now: 0, uptime: 0 });

function setUp() {
  const machine = new FakeMachine();
  machine.files.put('/proc/1/stat', statOf(1, '4242'));
  const post = (change: Partial<BoxState>) =>
    machine.files.put('/run/cloister/state.json', JSON.stringify({ ...base, ...change }));
  const watching = watchBoot(machine.program());
  return { machine, post, watching, said: () => machine.printed.join('') };
}

const step = (name: 'firewall' | 'mounts' | 'repository', state: 'running' | 'done' | 'warned') => ({
  name,
  state,
  startedAt: 0,
  duration: state === 'running' ? null : 12,
  detail: 'fine',
});

describe('attach, while the box boots', () => {
  test('waits, shows each step once as it ends, and goes on when this boot is ready', async () => {
    const { machine, post, watching, said } = setUp();
    post({ steps: [step('firewall', 'running')] });
    await machine.advance(100);
    post({ steps: [step('firewall', 'done'), step('mounts', 'warned')] });
    await machine.advance(200);
    post({ phase: 'ready' });
    machine.files.put('/run/cloister/ready', 'this-boot\n');
    await machine.advance(100);
    expect(await watching).toBeNull();
    expect(said().match(/firewall/g)).toHaveLength(1);
    expect(said()).toMatch(/\+ firewall .*12 ms {2}fine\n! mounts/);
  });

  test('shows how far a long clone is, every other second', async () => {
    const { machine, post, said } = setUp();
    for (const percent of [10, 20, 30, 40, 50, 60]) {
      post({ steps: [step('repository', 'running')], repository: `Receiving objects: ${percent}%` });
      await machine.advance(1000);
    }
    expect(said().match(/^ {2}Receiving objects: \d+%$/gm)).toHaveLength(3);
    post({ steps: [step('repository', 'done')], repository: 'cloned' });
    await machine.advance(4000);
    expect(said()).not.toContain('  cloned\n');
  });

  test('gives up in time on a box that is not there, when the clock is set back meanwhile', async () => {
    const { machine, watching } = setUp();
    await machine.advance(1000);
    machine.clock.ahead = -86_400_000;
    await machine.advance(15_000);
    expect(await watching).toBe(70);
  });

  test('is not fooled by the ready file of an earlier boot', async () => {
    const { machine, post, watching } = setUp();
    let done = false;
    void watching.then(() => {
      done = true;
    });
    post({ phase: 'ready' });
    machine.files.put('/run/cloister/ready', 'another-boot\n');
    await machine.advance(5000);
    expect(done).toBe(false);
  });

  test('says why a boot failed, and ends with its code', async () => {
    const { machine, post, watching, said } = setUp();
    post({
      phase: 'failed',
      failure: { step: 'mounts', message: 'no tmpfs', remedy: 'Add --tmpfs /tmp', code: 77 },
    });
    await machine.advance(100);
    expect(await watching).toBe(77);
    expect(said()).toMatch(/failed at mounts: no tmpfs\nAdd --tmpfs \/tmp\nMore: docker logs/);
  });

  test.each([
    ['gone', null],
    ['another’s by now', statOf(7, '9999')],
  ])('says so where init’s process is %s', async (_, stat) => {
    const { machine, post, watching, said } = setUp();
    machine.files.put('/proc/7/stat', stat);
    post({ pid: 7 });
    await machine.advance(100);
    expect(await watching).toBe(70);
    expect(said()).toContain('not running');
  });

  test('does not enter a box that is stopping', async () => {
    const { machine, post, watching, said } = setUp();
    post({ phase: 'stopping' });
    await machine.advance(100);
    expect(await watching).toBe(70);
    expect(said()).toContain('stopping');
  });

  test('gives up where nothing boots', async () => {
    const { machine, watching, said } = setUp();
    await machine.advance(15_100);
    expect(await watching).toBe(70);
    expect(said()).toContain('not running');
  });
});
