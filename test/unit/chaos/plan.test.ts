import { describe, expect, test } from 'vitest';
import { deck, faultsNamed } from '../../chaos/faults/deck.ts';
import { type Episode, planEpisodes } from '../../chaos/plan.ts';

function deal(seed: number, count: number): Episode[] {
  const episodes: Episode[] = [];
  for (const episode of planEpisodes(seed, deck)) {
    episodes.push(episode);
    if (episodes.length === count) break;
  }
  return episodes;
}

describe('a plan', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(deal(7, 30)).toEqual(deal(7, 30));
    expect(deal(7, 30)).not.toEqual(deal(8, 30));
  });

  test('deals every fault within five seeds that follow one another', () => {
    const each = Math.ceil(deck.length / 5);
    const dealt = [5, 6, 7, 8, 9].flatMap((seed) => deal(seed, each).map(({ faults: [first] }) => first));
    expect(new Set(dealt).size).toBe(deck.length);
  });

  test('ends no container while nothing can be saved, and others often', () => {
    const episodes = deal(3, 200);
    const restarted = episodes.filter(({ restart }) => restart !== null);
    expect(restarted.length).toBeGreaterThan(20);
    expect(restarted.flatMap(({ faults }) => faults).filter(({ cutsRemote }) => cutsRemote)).toEqual([]);
    expect(episodes.filter(({ faults }) => faults.length === 2).length).toBeGreaterThan(20);
  });
});

test('faults have names of their own', () => {
  const names = deck.map(({ kind, name }) => `${kind}/${name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(faultsNamed(['removal/session', 'clock']).length).toBe(
    1 + deck.filter(({ kind }) => kind === 'clock').length,
  );
  expect(() => faultsNamed(['nothing'])).toThrow('there is no fault nothing');
});
