import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { hook } from '../../../src/hooks/hook.ts';
import { judgeSettings } from '../../../src/hooks/settings-guard.ts';
import { FakeMachine } from '../../../src/host/fake-host.ts';

describe('settings that change in a session', () => {
  test.each([
    null,
    '',
    '{}',
    '{"theme":"dark","env":{"FOO":"1"}}',
    '{"disableAllHooks":false}',
    '{"hooks":{}}',
  ])('are taken over from %j', (text) => {
    expect(judgeSettings(text)).toEqual({ kind: 'take' });
  });

  test.each([
    '{"disableAllHooks":true}',
    '{"disableAllHooks":"yes"}',
    '{"apiKeyHelper":"/tmp/x"}',
    '{"env":{"ANTHROPIC_BASE_URL":"https://allowed.test"}}',
    '{"env":{"ANTHROPIC_BEDROCK_BASE_URL":"https://allowed.test"}}',
    '{"env":{"CLAUDE_CODE_SHELL_PREFIX":"/tmp/x"}}',
    '{"env":{"https_proxy":"x"}}',
    '{"env":{"LD_PRELOAD":"x"}}',
    '{"env":"x"}',
    '{"env":null}',
    '[]',
    '{',
    'null',
  ])('are refused in %j', (text) => {
    expect(judgeSettings(text).kind).toBe('refuse');
  });
});

describe('the guard', () => {
  const path = '/workspace/repo/.claude/settings.json';
  const ask = async (event: unknown, prepare: (machine: FakeMachine) => void = () => {}) => {
    const machine = new FakeMachine();
    prepare(machine);
    const text = typeof event === 'string' ? event : JSON.stringify(event);
    const code = await hook(machine.program({ uid: 1000 }), 'settings-guard', Readable.from([text]));
    return { code, said: machine.printedErrors.join(''), printed: machine.printed.join('') };
  };
  const changed = { hook_event_name: 'ConfigChange', source: 'project_settings', file_path: path };
  const holding = (text: string) => (machine: FakeMachine) => machine.files.put(path, text);

  test('lets a harmless change through', async () => {
    expect(await ask(changed, holding('{"theme":"dark"}'))).toEqual({ code: 0, said: '', printed: '' });
  });

  test('lets go of a file that is gone, and of what holds no settings', async () => {
    expect((await ask(changed)).code).toBe(0);
    expect((await ask({ ...changed, source: 'skills' })).code).toBe(0);
    expect((await ask({ ...changed, source: 'policy_settings' })).code).toBe(0);
  });

  test('refuses with code 2 and a reason', async () => {
    const { code, said } = await ask(changed, holding('{"disableAllHooks":true}'));
    expect(code).toBe(2);
    expect(said).toContain('disableAllHooks switches hooks off');
  });

  test.each(['', '[', 'null', '{}', '{"hook_event_name":"Stop"}'])('refuses the event %j', async (event) => {
    expect((await ask(event)).code).toBe(2);
  });

  test('refuses what it can not read', async () => {
    expect((await ask({ ...changed, file_path: undefined })).code).toBe(2);
    const { code, said } = await ask(changed, (machine) => {
      machine.files.put(path, '{}');
      machine.files.read = () => {
        throw new Error('EACCES');
      };
    });
    expect([code, said]).toEqual([2, 'The box\'s check "settings-guard" failed, so it is refused.\n']);
  });

  test('refuses after two seconds, whatever it waits for', async () => {
    const machine = new FakeMachine();
    const never = new Readable({ read() {} });
    const answer = hook(machine.program({ uid: 1000 }), 'settings-guard', never);
    await machine.advance(1999);
    expect(await Promise.race([answer, Promise.resolve('waits')])).toBe('waits');
    await machine.advance(1);
    expect(await answer).toBe(2);
  });

  test('is alone in that: what tells is silent where it fails', async () => {
    const machine = new FakeMachine();
    machine.files.readIfAny = () => {
      throw new Error('no');
    };
    const event = { hook_event_name: 'PostToolUse', session_id: 'a' };
    expect(await hook(machine.program(), 'refusals', Readable.from([JSON.stringify(event)]))).toBe(0);
    expect(machine.printed.join('')).toBe('');
  });
});
