import { describe, expect, test } from 'vitest';
import { countElsewhere } from '../../../../src/confinement/limits/bound-agent.ts';
import { agentIdentity } from '../../../../src/confinement/profile.ts';
import { FakeMachine } from '../../../../src/host/fake-host.ts';

describe('the tasks that the agent’s user has elsewhere', () => {
  test.each([
    [0, 64, 1],
    [64, 64, 1],
    [700, 704, 9],
    [5000, 5056, 15],
  ])('%s are counted as %s, by programs that start or do not', async (there, counted, most) => {
    const machine = new FakeMachine();
    machine.prepare(/--nproc=\d+/, ({ argv }) => {
      const limit = Number(/--nproc=(\d+)/.exec(argv.join(' '))?.[1]);
      if (there > limit) throw new Error('Resource temporarily unavailable');
      return {};
    });
    expect(await countElsewhere(machine.program(), agentIdentity)).toBe(counted);
    expect(machine.commands.length).toBeLessThanOrEqual(most);
  });
});
