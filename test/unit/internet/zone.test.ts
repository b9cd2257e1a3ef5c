import { describe, expect, test } from 'vitest';
import { planAddresses } from '../../internet/addresses.ts';
import { Zone } from '../../internet/zone.ts';
import { parseZoneEntry } from '../../internet/zone-entry.ts';

const zone = () => new Zone(planAddresses('198.51.100.0/25', '2001:db8:c10::/64'));

describe('the zone table', () => {
  test('answers a host in both families', () => {
    expect(zone().answer('GitHub.com.', 'A').addresses).toEqual(['198.51.100.20']);
    expect(zone().answer('github.com', 'AAAA').addresses).toEqual(['2001:db8:c10::20']);
  });

  test('has no address of another type, and still knows the name', () => {
    expect(zone().answer('github.com', 'other')).toMatchObject({ addresses: [], missing: false });
  });

  test('misses a name that nobody entered', () => {
    expect(zone().answer('nobody.test', 'A').missing).toBe(true);
  });

  test('answers every name below a wildcard, and not the name above', () => {
    expect(zone().answer('deep.down.wild.test', 'A').addresses).toEqual(['198.51.100.77']);
    expect(zone().answer('wild.test', 'A').missing).toBe(true);
  });

  test('rotates through its addresses, one an answer', () => {
    const table = zone();
    table.set('turning.test', { a: ['203.0.113.1', '203.0.113.2'], rotate: true });
    const answers = [1, 2, 3].map(() => table.answer('turning.test', 'A').addresses);
    expect(answers).toEqual([['203.0.113.1'], ['203.0.113.2'], ['203.0.113.1']]);
  });

  test('follows an alias to the addresses of its target', () => {
    const table = zone();
    table.set('alias.test', { cname: 'allowed.test' });
    expect(table.answer('alias.test', 'A')).toMatchObject({
      cname: 'allowed.test',
      addresses: ['198.51.100.77'],
    });
  });

  test('forgets what a test entered when it is reset', () => {
    const table = zone();
    table.set('github.com', { rcode: 2 });
    table.reset();
    expect(table.answer('github.com', 'A').entry.rcode).toBeUndefined();
  });
});

describe('an entry of the zone', () => {
  test('may carry every kind of behaviour', () => {
    const entry = { a: ['203.0.113.1'], ttl: 0, delayMs: 20, lieAboutId: true, wrongQuestion: true };
    expect(parseZoneEntry(entry)).toEqual(entry);
  });

  test.each([
    { a: ['not-an-address'] },
    { aaaa: ['203.0.113.1'] },
    { ttl: -1 },
    { rcode: 16 },
    { drop: 1 },
    { addresses: [] },
    [],
    null,
  ])('is refused when it is %j', (entry) => {
    expect(() => parseZoneEntry(entry)).toThrow();
  });
});
