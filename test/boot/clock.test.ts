import { describe, expect, test } from 'vitest';
import { status } from '../../src/cli/status.ts';
import { bootToReady, eventsOf, stateOf } from './drive.ts';
import { makeMachine } from './machine.ts';

const day = 86_400_000;
const settings = [day, -day, 30 * 365 * day, -30 * 365 * day];

describe('a boot whose clock is set', () => {
  for (const ahead of settings) {
    test(`by ${ahead / day} days, again and again, is ready all the same, and tells no step longer than it was`, async () => {
      const machine = makeMachine();
      let times = 0;
      machine.watch(() => {
        times += 1;
        machine.clock.ahead = times % 2 === 0 ? 0 : ahead;
      });
      await bootToReady(machine);
      expect(times).toBeGreaterThan(50);
      for (const { duration } of stateOf(machine)?.steps ?? []) {
        expect(duration).toBeGreaterThanOrEqual(0);
        expect(duration).toBeLessThan(60_000);
      }
      const ready = eventsOf(machine).find(({ event }) => event === 'boot.ready');
      expect(ready?.duration).toBeGreaterThanOrEqual(0);
      expect(ready?.duration).toBeLessThan(60_000);
    });

    test(`by ${ahead / day} days afterwards is as old as it is`, async () => {
      const machine = makeMachine();
      await bootToReady(machine);
      await machine.advance(1000);
      machine.clock.ahead = ahead;
      const host = machine.program();
      machine.printed.length = 0;
      status(host, { json: true });
      const { age } = JSON.parse(machine.printed.join('')) as { age: number };
      expect(age).toBeGreaterThanOrEqual(1000);
      expect(age).toBeLessThan(60_000);
    });
  }
});
