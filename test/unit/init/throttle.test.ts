import { describe, expect, test } from 'vitest';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { makeThrottle } from '../../../src/init/throttle.ts';

function setUp({ window = 10_000, rate = 20 } = {}) {
  const machine = new FakeMachine();
  const host = machine.program();
  const told: [string, number][] = [];
  const rest: number[] = [];
  const throttle = makeThrottle<string>({
    keyOf: (item) => item,
    window,
    rate,
    now: host.uptime,
    sleep: host.sleep,
    tell: (item, count) => told.push([item, count]),
    tellRest: (count) => rest.push(count),
  });
  return { machine, throttle, told, rest };
}
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

describe('a throttle', () => {
  test('tells a thing at once, and what comes again after the window with its count', async () => {
    const { machine, throttle, told } = setUp();
    throttle.add('a', 1);
    throttle.add('a', 2);
    throttle.add('a', 3);
    expect(told).toEqual([['a', 1]]);
    await machine.advance(11_000);
    expect(told).toEqual([
      ['a', 1],
      ['a', 5],
    ]);
    await machine.advance(60_000);
    expect(told).toHaveLength(2);
  });

  test('tells no more than its rate, and sums up the rest', async () => {
    const { machine, throttle, told, rest } = setUp();
    for (let index = 0; index < 1000; index += 1) throttle.add(`n${index}`, 1);
    expect(told).toHaveLength(20);
    await machine.advance(1000);
    expect(rest).toEqual([980]);
  });

  test('of a million different things keeps next to nothing, and loses no count', async () => {
    const { machine, throttle, told, rest } = setUp();
    for (let round = 0; round < 100; round += 1) {
      for (let index = 0; index < 10_000; index += 1) throttle.add(`n${round}-${index}`, 1);
      await machine.advance(100);
    }
    throttle.flush();
    expect(told.length).toBeLessThanOrEqual(20 + 20 * 11);
    expect(rest.length).toBeLessThanOrEqual(12);
    expect(sum(told.map(([, count]) => count)) + sum(rest)).toBe(1_000_000);
  });

  test('in any course of events loses no count and keeps to its rate', async () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const random = lcg(seed);
      const { machine, throttle, told, rest } = setUp({
        window: 1 + (random() % 5000),
        rate: 1 + (random() % 30),
      });
      let added = 0;
      for (let step = 0; step < 200; step += 1) {
        const count = random() % 4;
        added += count;
        if (random() % 10 === 0) throttle.addRest(count);
        else throttle.add(`n${random() % 40}`, count);
        if (random() % 3 === 0) await machine.advance(random() % 700);
      }
      throttle.flush();
      expect(sum(told.map(([, count]) => count)) + sum(rest), `seed ${seed}`).toBe(added);
      throttle.flush();
      expect(sum(told.map(([, count]) => count)) + sum(rest), `seed ${seed}`).toBe(added);
    }
  });
});

function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
