import assert from 'node:assert/strict';
import { normaliseName } from '../../src/policy/host-name.ts';
import type { Target } from './driver.ts';

const seeds = [
  ...[
    'allowed.example.org',
    'ALLOWED.Example.ORG.',
    'bücher.example.org',
    'xn--bcher-kva.example.org',
    '192.0.2.1',
  ],
  ...[
    '0x7f.1',
    '2001:db8::1',
    `${'a'.repeat(63)}.example.org`,
    '_service._tcp.example.org',
    'a\0b.example.org',
  ],
];

/** A name in its normal form is one that DNS can carry, is no address, and stays as it is. */
export const names: Target = {
  name: 'names',
  seeds: seeds.map((text) => Buffer.from(text)),
  check: (bytes) => {
    for (const encoding of ['utf8', 'latin1'] as const) {
      const name = normaliseName(bytes.toString(encoding));
      if (name === null) continue;
      assert.match(name, /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/);
      assert.ok(name.length <= 253);
      assert.doesNotMatch(name, /(^|\.)[0-9]+$/);
      assert.equal(normaliseName(name), name);
    }
  },
};
