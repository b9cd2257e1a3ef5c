import { describe, expect, test } from 'vitest';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import type { Heard } from '../../../src/init/egress-questions.ts';
import { refreshModels, refreshPins } from '../../../src/init/refresh-pins.ts';
import { parseRules } from '../../../src/policy/parse-rules.ts';
import { type BoxState, newState } from '../../../src/state/box-state.ts';

function setUp(rules: string) {
  const machine = new FakeMachine();
  const world = {
    state: newState({ bootId: 'x', pid: 1, startTicks: '1', now: 0, uptime: 0 }) as BoxState,
    names: [] as readonly string[],
    hear: (() => {}) as Heard,
    expired: 0,
  };
  const store = {
    get state() {
      return world.state;
    },
    post: (change: Partial<BoxState>) => {
      world.state = { ...world.state, ...change };
    },
  };
  const result = refreshPins({
    host: machine.program(),
    store,
    egress: {
      refresh: (names, heard) => {
        world.names = names;
        world.hear = heard;
      },
    },
    firewall: {
      pin: async () => {},
      expire: async () => {
        world.expired += 1;
      },
      setRules: async () => {},
      nameAt: () => null,
      size: 0,
    },
    rules: parseRules(rules, 'x').rules,
    models: ['a.example'],
  });
  return { machine, world, store, result };
}

describe('the refresh of the pins', () => {
  test('asks for every exact name once and for no wildcard, and drops what has expired', async () => {
    const { machine, world, result } = setUp('a.example\na.example:80\n*.b.example\nc.example');
    await machine.advance(0);
    expect(world.names).toEqual(['a.example', 'c.example']);
    for (const name of world.names) world.hear(name, null);
    await machine.advance(10);
    expect(await result).toEqual({ resolved: 2, pending: 0 });
    expect([world.expired, world.state.firewall.unresolved]).toEqual([1, []]);
  });

  test('is not held up by a dead name: it goes on without it, and names it', async () => {
    const { machine, world, result } = setUp('a.example\ndead.example');
    await machine.advance(0);
    world.hear('a.example', null);
    await machine.advance(150);
    expect(await result).toEqual({ resolved: 1, pending: 1 });
    expect(world.state.firewall.unresolved).toEqual(['dead.example']);
  });

  test('takes a late answer still', async () => {
    const { machine, world, result } = setUp('a.example\nlate.example');
    await machine.advance(0);
    world.hear('a.example', null);
    await machine.advance(150);
    await result;
    world.hear('late.example', null);
    expect(world.state.firewall.unresolved).toEqual([]);
  });

  test('with nobody answering ends in two seconds at most', async () => {
    const { machine, result } = setUp('a.example\nb.example');
    await machine.advance(2010);
    expect(await result).toEqual({ resolved: 0, pending: 2 });
  });

  test('ends in two seconds when the clock is set back meanwhile', async () => {
    const { machine, result } = setUp('a.example\nb.example');
    await machine.advance(100);
    machine.clock.ahead = -86_400_000;
    await machine.advance(1910);
    expect(await result).toEqual({ resolved: 0, pending: 2 });
  });

  test('says why the model’s host has no address, and asks again until it has', async () => {
    const { machine, world, store, result } = setUp('a.example');
    const troubles = () => Object.values(world.state.firewall.modelTroubles);
    await machine.advance(2010);
    await result;
    expect(troubles()).toEqual([
      expect.stringMatching(/a\.example .*no upstream resolver answered.*DNS_UPSTREAM/),
    ]);
    const again = () => {
      let answer: Heard = () => {};
      refreshModels({
        store,
        egress: {
          refresh: (_, heard) => {
            answer = heard;
          },
        },
        models: ['a.example'],
      });
      return answer;
    };
    again()('a.example', { why: 'inside-address', address: '198.18.0.7' });
    expect(troubles()[0]).toMatch(/\(198\.18\.0\.7\); set ALLOW_PRIVATE=198\.18\.0\.0\/15/);
    again()('a.example', null);
    expect(troubles()).toEqual([]);
  });

  test('says so where the list does not have it', async () => {
    const { machine, world } = setUp('b.example');
    await machine.advance(0);
    expect(world.state.firewall.modelTroubles).toEqual({
      'a.example': expect.stringContaining('`cloister allow a.example`'),
    });
  });

  test('lists names that failed', async () => {
    const { machine, world, result } = setUp('gone.example');
    await machine.advance(0);
    world.hear('gone.example', { why: 'no-such-name', address: null });
    await machine.advance(10);
    await result;
    expect(world.state.firewall.unresolved).toEqual(['gone.example']);
  });
});
