import { expect, test } from 'vitest';
import { listAddresses, planAddresses } from '../../internet/addresses.ts';

test('gives a service the same last part in both families', () => {
  const { github } = planAddresses('198.51.100.128/25', '2001:db8:c10::/64');
  expect(github).toEqual({ v4: '198.51.100.148', v6: '2001:db8:c10::20' });
});

test('plans no IPv6 address without an IPv6 subnet', () => {
  const plan = planAddresses('198.51.100.0/25');
  expect(listAddresses(plan, ['dns', 'canary'])).toEqual(['198.51.100.53', '198.51.100.66']);
});

test.each(['198.51.100.0/24', '198.51.100.64/25', 'fe80::/64', ''])('refuses the subnet %j', (subnet) => {
  expect(() => planAddresses(subnet)).toThrow(subnet);
});
