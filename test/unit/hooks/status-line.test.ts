import { expect, test } from 'vitest';
import { newState } from '../../../src/core/state.ts';
import { parseStatusInput, renderStatusLine } from '../../../src/hooks/status-line.ts';

const booted = {
  ...newState({ bootId: 'b', pid: 1, startTicks: '1', now: 0 }),
  phase: 'ready' as const,
  resolver: { running: true, restarts: 0, upstreams: [] },
};
const input = {
  model: { display_name: 'Sonnet' },
  cost: { total_cost_usd: 1.234 },
  context_window: { used_percentage: 30 },
  rate_limits: { five_hour: { used_percentage: 90 } },
  session_name: 'fix-the-build',
};
const colourless = (text: string) => text.replace(/\x1b\[[0-9]+m/g, '');

test('shows model, context, cost, rate limit, box and session', () => {
  expect(colourless(renderStatusLine(input, booted, 200))).toBe(
    'Sonnet · ███░░░░░░░ 30 % · $1.23 · 5 h 90 % · box ready · fix-the-build',
  );
});

test.each([
  [30, 32],
  [70, 33],
  [95, 31],
])('paints a context that is %i %% full in colour %i', (used_percentage, colour) => {
  expect(renderStatusLine({ context_window: { used_percentage } }, booted, 200)).toContain(
    `\x1b[${colour}m█`,
  );
});

test('leaves out what Claude Code has not said yet', () => {
  const line = renderStatusLine({ context_window: { used_percentage: null }, rate_limits: null }, booted, 80);
  expect(colourless(line)).toBe('box ready');
});

test('says that nothing gets out while the resolver is down', () => {
  const closed = { ...booted, resolver: { ...booted.resolver, running: false } };
  expect(colourless(renderStatusLine({}, closed, 80))).toBe('box closed');
});

test('cuts whole parts on a narrow terminal', () => {
  const line = colourless(renderStatusLine(input, booted, 45));
  expect(line).toBe('Sonnet · ███░░░░░░░ 30 % · $1.23 · 5 h 90 %');
});

test('lets no escape sequence of a session name reach the screen', () => {
  const line = renderStatusLine({ session_name: 'x\x1b]52;c;?\x07\u009b31m\u202e' }, booted, 80);
  expect(colourless(line)).toBe('box ready · x]52;c;?31m');
});

test.each(['', 'null', '[1', '7', '{"model":5,"cost":{"total_cost_usd":"x"}}'])(
  'survives the input %j',
  (text) => {
    expect(colourless(renderStatusLine(parseStatusInput(text), null, 80))).toBe('box unknown');
  },
);
