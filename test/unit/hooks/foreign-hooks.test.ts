import { describe, expect, test } from 'vitest';
import {
  eventsIn,
  pluginsIn,
  renderDropped,
  renderNotes,
  runsForeignHooks,
} from '../../../src/hooks/foreign-hooks.ts';

const hook = [{ hooks: [{ type: 'command', command: 'x' }] }];

describe('hooks that are not ours', () => {
  test('are known by their events', () => {
    expect(eventsIn(JSON.stringify({ hooks: { PreToolUse: hook, Stop: [], 'a\u001b[31m': hook } }))).toEqual([
      'PreToolUse',
    ]);
    for (const text of [null, '', 'noise', '[]', '{"hooks": 5}', '{"hooks": {"Stop": {}}}'])
      expect(eventsIn(text)).toEqual([]);
  });

  test('of plugins are looked for where each is installed', () => {
    const list = {
      version: 2,
      plugins: { 'fmt@market': [{ installPath: '/home/claude/x' }], 'a b': [{ installPath: '/y' }] },
    };
    expect(pluginsIn(JSON.stringify(list))).toEqual([{ name: 'fmt@market', folder: '/home/claude/x' }]);
    for (const text of [null, '{"plugins": [1]}', '{"plugins": {"a@b": {}}}'])
      expect(pluginsIn(text)).toEqual([]);
  });

  test('are told with what would have them run, unless they run', () => {
    const sources = [
      { name: '.claude/settings.json', events: ['PreToolUse', 'Stop'] },
      { name: '~/.claude/settings.json', events: [] },
      { name: 'the plugin fmt@market', events: ['PostToolUse'] },
    ];
    expect(renderDropped(sources)).toBe(
      'Hooks that do not run in this box: .claude/settings.json (PreToolUse, Stop); the plugin fmt@market (PostToolUse). An operator who trusts them sets REPO_HOOKS=on.',
    );
    expect(renderDropped([])).toBe('');
    expect(['{"allowManagedHooksOnly": false}', '{}', null].map(runsForeignHooks)).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('nothing to tell is no answer', () => {
    expect(renderNotes([])).toBe('');
    expect(JSON.parse(renderNotes(['One.', 'Two.']))).toMatchObject({
      systemMessage: 'One.\nTwo.',
      hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: 'One.\nTwo.' },
    });
  });
});
