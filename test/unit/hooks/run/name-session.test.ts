import { expect, test } from 'vitest';
import { nameSession } from '../../../../src/hooks/run/name-session.ts';
import { notePath } from '../../../../src/hooks/run/session-notes.ts';
import { asideSession } from '../../../../src/hooks/session-name.ts';
import { FakeMachine } from '../../../../src/host/fake-host.ts';

function setUp(answer = 'fix-the-build\n') {
  const machine = new FakeMachine();
  machine.prepare(/claude -p/, { stdout: answer });
  machine.prepare(/rename-window/);
  const env = { TMUX_PANE: '%0', HOME: '/home/claude', ANTHROPIC_BASE_URL: 'x', LD_PRELOAD: 'x' };
  const call = (change: Record<string, unknown> = {}, own: Record<string, string> = env) =>
    nameSession(
      machine.program({ uid: 1000, env: own }),
      JSON.stringify({ hook_event_name: 'Stop', session_id: 'a-1', transcript_path: '/t.jsonl', ...change }),
      () => JSON.stringify({ type: 'user', message: { content: 'Fix the build' } }),
    );
  const renamed = () => machine.commands.filter(({ argv }) => argv.includes('rename-window'));
  const asked = () => machine.commands.filter(({ argv }) => argv.includes('-p'));
  return { machine, call, renamed, asked };
}

test('a session is asked about once, and its window renamed', async () => {
  const { machine, call, renamed, asked } = setUp();
  await call();
  await call();
  expect(asked()).toHaveLength(1);
  expect(renamed().map(({ argv }) => argv.slice(-3))).toEqual([['-t', '%0', 'fix-the-build']]);
  expect(machine.files.read(notePath('a-1'))).toBe('fix-the-build\n');
});

test('the question has no tools, no settings, no pane, and an end', async () => {
  const { call, asked } = setUp();
  await call();
  const [question] = asked();
  expect(question?.argv.join(' ')).toMatch(
    /--model haiku --tools {2}--setting-sources {2}--strict-mcp-config/,
  );
  expect(question?.argv).toContain('--no-session-persistence');
  expect(Object.keys(question?.env ?? {})).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/TMUX|LD_PRELOAD|BASE_URL/)]),
  );
  expect(question?.timeout).toBe(40_000);
  expect(question?.stdin).toContain('Fix the build');
});

test('what is no name renames nothing, and nobody asks again', async () => {
  const { call, renamed, asked } = setUp('#(touch /tmp/pwned)');
  await call();
  await call();
  expect([asked().length, renamed().length]).toEqual([1, 0]);
});

test('a question of our own, another event and a place without a pane are left alone', async () => {
  const { machine, call } = setUp();
  await call({ session_id: asideSession('0123456789ab') });
  await call({ hook_event_name: 'PostToolUse' });
  await call({}, { TMUX_PANE: '%0; kill-server' });
  await call({}, {});
  expect(machine.commands).toEqual([]);
});

test('a resumed session gets its name back, and not what the agent wrote there instead', async () => {
  const { machine, call, renamed, asked } = setUp();
  machine.files.put(notePath('a-1'), 'known-name\n');
  await call({ hook_event_name: 'SessionStart' });
  machine.files.put(notePath('a-1'), '#(touch /tmp/pwned)');
  await call({ hook_event_name: 'SessionStart' });
  expect(renamed().map(({ argv }) => argv.at(-1))).toEqual(['known-name']);
  expect(asked()).toEqual([]);
});
