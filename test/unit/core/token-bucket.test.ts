import { expect, test } from 'vitest';
import { makeTokenBucket } from '../../../src/core/token-bucket.ts';

function setUp(options: { burst: number; perSecond: number }) {
  const clock = { now: 5000 };
  return { clock, bucket: makeTokenBucket({ ...options, now: () => clock.now }) };
}

test('a bucket is full at first, gives no more than it holds, and all of an amount or nothing', () => {
  const { bucket } = setUp({ burst: 10, perSecond: 1 });
  expect([bucket.take(4), bucket.take(7), bucket.take(6), bucket.take()]).toEqual([true, false, true, false]);
});

test('it fills with time, and never beyond its size', () => {
  const { clock, bucket } = setUp({ burst: 2, perSecond: 0.5 });
  bucket.take(2);
  clock.now += 1999;
  expect(bucket.take()).toBe(false);
  clock.now += 1;
  expect(bucket.take()).toBe(true);
  clock.now += 3_600_000;
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
});

test('it tells how long to wait for an amount', () => {
  const { clock, bucket } = setUp({ burst: 10, perSecond: 2 });
  expect(bucket.wait(10)).toBe(0);
  bucket.take(10);
  expect(bucket.wait(3)).toBe(1500);
  clock.now += 1500;
  expect(bucket.wait(3)).toBe(0);
});
