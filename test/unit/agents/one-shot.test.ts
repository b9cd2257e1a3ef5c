import { expect, test } from 'vitest';
import { oneShotSpec } from '../../../src/agents/one-shot.ts';
import { allowed, forbidden } from '../terminal/escape/sequences.ts';

function shown(text: string): string {
  const spec = oneShotSpec({
    task: ['-p', 'fix the build'],
    agent: { uid: 1000, gid: 1000 },
    environment: {},
    folder: '/workspace',
    terminal: false,
  });
  return spec.filter?.()(Buffer.from(text, 'latin1')).toString('latin1') ?? '';
}

test('what the agent says passes as it is, in colours', () => {
  expect(shown('{"result":"done"}\n\x1b[1;38:2::1:2:3mred\x1b[0m')).toBe(
    '{"result":"done"}\n\x1b[1;38:2::1:2:3mred\x1b[0m',
  );
});

test('no mode and no question of the agent’s reaches a terminal that nobody sets back', () => {
  for (const [, text] of forbidden) expect(shown(text)).toBe('');
  for (const [, text] of allowed) {
    for (const sequence of shown(text).split('\x1b').slice(1)) expect(sequence).toMatch(/^\[[\d;:]*m/);
  }
  expect(shown('\x1b[>4;2mx')).toBe('x');
});
