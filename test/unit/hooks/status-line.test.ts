import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { parseStatusInput, renderStatusLine } from '../../../src/hooks/status-line.ts';
import { newState } from '../../../src/state/box-state.ts';

const booted = {
  ...newState({ bootId: 'b', pid: 1, startTicks: '1', now: 0, uptime: 0 }),
  phase: 'ready' as const,
  resolver: { running: true, restarts: 0, upstreams: [], through: null },
};
const input = {
  model: { display_name: 'Sonnet' },
  cost: { total_cost_usd: 1.234 },
  context_window: { used_percentage: 30 },
  rate_limits: { five_hour: { used_percentage: 90 }, seven_day: { used_percentage: 12 } },
  session_name: 'fix-the-build',
};
const facts = { box: booted, name: null, columns: 200, plain: false };
const colourless = (text: string) => stripVTControlCharacters(text);

test('shows model, context, cost, rate limit, box and session', () => {
  expect(colourless(renderStatusLine(input, facts))).toBe(
    'Sonnet · ███░░░░░░░ 30 % · box ready · $1.23 · 5 h 90 % · 7 d 12 % · fix-the-build',
  );
});

test.each([
  [30, 32],
  [70, 33],
  [95, 31],
])('paints a context that is %i %% full in colour %i', (used_percentage, colour) => {
  expect(renderStatusLine({ context_window: { used_percentage } }, facts)).toContain(`\x1b[${colour}m█`);
});

test('leaves out what Claude Code has not said yet', () => {
  const line = renderStatusLine({ context_window: { used_percentage: null }, rate_limits: null }, facts);
  expect(colourless(line)).toBe('box ready');
});

test('says that nothing gets out while the resolver is down', () => {
  const closed = { ...booted, resolver: { ...booted.resolver, running: false } };
  expect(colourless(renderStatusLine({}, { ...facts, box: closed }))).toBe('box closed');
});

test('cuts whole parts on a narrow terminal', () => {
  const line = colourless(renderStatusLine(input, { ...facts, columns: 45 }));
  expect(line).toBe('Sonnet · ███░░░░░░░ 30 % · box ready · $1.23');
});

test('lets no escape sequence of a session name reach the screen', () => {
  const line = renderStatusLine({ session_name: 'x\x1b]52;c;?\x07\u009b31m\u202e' }, facts);
  expect(colourless(line)).toBe('box ready · x]52;c;?31m');
});

test.each(['', 'null', '[1', '7', '{"model":5,"cost":{"total_cost_usd":"x"}}'])(
  'survives the input %j',
  (text) => {
    expect(colourless(renderStatusLine(parseStatusInput(text), { ...facts, box: null }))).toBe('box unknown');
  },
);

test('counts what the box refused', () => {
  const box = { ...booted, egress: { refused: 3, failed: 1, sets: [] } };
  expect(colourless(renderStatusLine({}, { ...facts, box }))).toBe('box ready, 3 refused');
});

test('shows the name the session was given where it chose none itself', () => {
  expect(colourless(renderStatusLine({}, { ...facts, name: 'given' }))).toBe('box ready · given');
  expect(colourless(renderStatusLine({ session_name: 'own' }, { ...facts, name: 'given' }))).toBe(
    'box ready · own',
  );
});

test('is plain text on a terminal that knows no colours', () => {
  const line = renderStatusLine(input, { ...facts, plain: true });
  expect(line).toBe('Sonnet | ###------- 30 % | box ready | $1.23 | 5 h 90 % | 7 d 12 % | fix-the-build');
  expect(line).toMatch(/^[\x20-\x7e]*$/);
});

test.each([
  { firewall: { ...booted.firewall, lastFailure: 'no' } },
  { rescue: { ...booted.rescue, outcome: 'failed' as const } },
  { children: { egress: { restarts: 9, lastCode: 1, failing: true } } },
])('says that somebody should look at the box: %j', (change) => {
  expect(colourless(renderStatusLine({}, { ...facts, box: { ...booted, ...change } }))).toBe('box degraded');
});
