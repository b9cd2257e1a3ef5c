import { expect, test } from 'vitest';
import { Paths } from '../../../src/core/paths.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';
import { unreachedIn } from '../../../src/init/unreached.ts';

function after(files: { refusals?: [string | null, number][]; failures?: [string | null, number][] }) {
  const machine = new FakeMachine();
  const now = machine.clock.now;
  const lines = (told: [string | null, number][] = []) =>
    told
      .map(
        ([name, ago]) =>
          `${JSON.stringify({ sequence: 1, time: new Date(now - ago).toISOString(), name })}\n`,
      )
      .join('');
  machine.files.put(Paths.refusalsJson, lines(files.refusals));
  machine.files.put(Paths.failuresJson, lines(files.failures));
  return unreachedIn(machine.program(), ['api.anthropic.com']);
}

test('an agent that reached everything has nothing but itself, or the service, to blame', () => {
  expect(after({})).toEqual({ refused: [], failed: [] });
  expect(unreachedIn(new FakeMachine().program(), ['api.anthropic.com'])).toEqual({
    refused: [],
    failed: [],
  });
});

test('the model’s host refused, or out of reach, at the end is the cause', () => {
  const [model, other] = ['api.anthropic.com', 'denied.test'];
  expect(after({ refusals: [[model, 20_000]] })).toEqual({ cause: 'network', refused: [model], failed: [] });
  expect(after({ failures: [[model, 100]], refusals: [[other, 0]] })).toEqual({
    cause: 'network',
    refused: [other],
    failed: [model],
  });
});

test('other names, addresses without one, and a trouble long over are no cause', () => {
  expect(
    after({
      refusals: [
        ['denied.test', 0],
        [null, 0],
        ['denied.test', 0],
      ],
    }),
  ).toEqual({
    refused: ['denied.test'],
    failed: [],
  });
  expect(after({ failures: [['api.anthropic.com', 3_600_000]] })).not.toHaveProperty('cause');
});

test('an event stays short', () => {
  const many = Array.from({ length: 50 }, (_, index): [string, number] => [`host-${index}.test`, 0]);
  expect(after({ refusals: many }).refused).toHaveLength(10);
});
