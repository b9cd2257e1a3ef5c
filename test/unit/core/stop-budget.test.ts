import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDuration } from '../../../src/core/duration.ts';
import { stopBudget, stopLimit } from '../../../src/core/stop-budget.ts';

const textOf = (path: string) => readFileSync(path, 'utf8');
const all = Object.values(stopBudget).reduce((sum, part) => sum + part, 0);

test('all parts of a stop fit into the grace that each way to run the box gives', () => {
  const compose = parse(textOf('compose.yaml')) as { services: { cloister: { stop_grace_period: string } } };
  const given = {
    'scripts/flags': Number(/--stop-timeout=(\d+)/.exec(textOf('scripts/flags'))?.[1]) * 1000,
    'compose.yaml': parseDuration(compose.services.cloister.stop_grace_period) ?? 0,
    'fly.toml': parseDuration(/kill_timeout = '(\w+)'/.exec(textOf('fly.toml'))?.[1] ?? '') ?? 0,
  };
  for (const [file, grace] of Object.entries(given)) expect(grace, file).toBeGreaterThanOrEqual(all);
});

test('a stop after a fault of our own is cut off no sooner than it may take', () => {
  expect(stopLimit).toBeGreaterThanOrEqual(all);
});
