import { describe, expect, test } from 'vitest';
import { parseRange, type Range } from '../../../src/policy/range.ts';
import { goesThrough, standInFor } from '../../../src/policy/upstream-proxy.ts';

const proxyBut = (...exempt: string[]) => ({ host: 'squid', port: 3128, authorization: null, exempt });
const ranges = (...texts: string[]) => texts.map((text) => parseRange(text) as Range);

describe('the operator’s proxy', () => {
  test('is asked for every name but those that are exempt, and those below them', () => {
    const proxy = proxyBut('corp.example', '10.0.0.0/8');
    const through = (name: string) => goesThrough(proxy, name);
    expect(['github.com', 'evilcorp.example', 'example'].map(through)).toEqual([true, true, true]);
    expect(['corp.example', 'a.corp.example'].map(through)).toEqual([false, false]);
    expect(goesThrough(proxyBut('*'), 'github.com')).toBe(false);
    expect(goesThrough(null, 'github.com')).toBe(false);
  });

  test('stands behind an address that has a route and belongs to nobody', () => {
    expect(standInFor(ranges('172.18.0.0/16'), ['172.18.0.1'])).toBe('172.18.255.254');
    expect(standInFor(ranges('10.0.0.0/24', '172.18.0.0/16'), ['10.0.0.254'])).toBe('172.18.255.254');
    expect(standInFor(ranges('169.254.1.1/32'), ['169.254.1.1'])).toBe('169.254.1.1');
    expect(standInFor([], [])).toBe('198.18.0.1');
  });
});
