import { expect, test } from 'vitest';
import { makeCloneProgress } from '../../../src/boot/clone-progress.ts';
import { makeLog } from '../../../src/core/log.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { newState } from '../../../src/state/box-state.ts';
import { makePretty } from '../../../src/state/pretty-log.ts';
import { StateStore } from '../../../src/state/state-store.ts';

test('a clone is on the state store line by line, and in the log every five seconds', async () => {
  const machine = new FakeMachine();
  const lines: string[] = [];
  const log = makeLog({ level: 'info', write: (line) => void lines.push(line) });
  const host = machine.program();
  const store = new StateStore({
    host,
    log,
    state: newState({ bootId: 'b', pid: 1, startTicks: '1', now: 0, uptime: 0 }),
  });
  const progress = makeCloneProgress({ host, log, store });
  for (let second = 0; second < 12; second += 1) {
    progress(`Receiving objects: ${second}%${' '.repeat(300)}`);
    expect(store.state.repository).toMatch(new RegExp(`^Receiving objects: ${second}%`));
    expect(store.state.repository.length).toBeLessThanOrEqual(200);
    await machine.advance(1000);
  }
  const told = lines.filter((line) => line.includes('clone.progress'));
  expect(told.map((line) => /(\d+)%/.exec(line)?.[1])).toEqual(['5', '10']);
  expect(makePretty(false)(told[0] ?? '')).toContain('cloning: Receiving objects: 5%');
});
